using DemEngine.Numerics;

namespace DemEngine.Tests.Backends;

/// <summary>In bulk, and where the result hangs on the last bit of the sum: shortcuts through narrower arithmetic must not show.</summary>
public abstract partial class BackendSuite
{
    private const int Bulk = 100_000;

    /// <summary>More than any run of vectors that a backend treats alike.</summary>
    private const int Long = 50_000;

    [Test]
    public void Combine_in_bulk(
        [Values(InputKind.Realistic, InputKind.RandomBits, InputKind.Neighbours, InputKind.MostlyUnchanged)] InputKind kind,
        [ValueSource(nameof(HalfTypes))] ElementType type)
    {
        var random = new Random(5);
        Check(RandomCombination.Usual(random, 3), [type], type, Bulk, kind, random);
        Check(new LinearCombination(startsFromBase: true, new Term(0.5f, TermKind.RelativeToBase)), [type], type, Bulk, kind, random);
        Check(RandomCombination.Next(random, 4), [ElementType.F32], type, Bulk / 2, kind, random);
        Check(RandomCombination.Next(random, 2), [ElementType.F8E4M3], type, Bulk / 2, kind, random);
        Check(RandomCombination.Next(random, 7), [type], type, Bulk / 2, kind, random);
    }

    [Test]
    public void Combine_near_rounding_boundaries(
        [Values(ElementType.BF16, ElementType.F16, ElementType.F32, ElementType.F8E5M2)] ElementType input,
        [ValueSource(nameof(HalfTypes))] ElementType output,
        [Values] bool startsFromBase)
    {
        var random = new Random(6);
        for (int round = 0; round < 180; round++)
        {
            int terms = random.Next(2, 9);
            float ratio = MathF.ScaleB(1, -random.Next(3, input == ElementType.F32 ? 22 : 10));
            int wildTerms = random.Next(0, terms - 1);
            int shape = random.Next(3);
            float weight = random.Next(3) == 0 ? 1 : random.NextSingle() + 0.1f;
            var list = new List<Term>();
            for (int k = 0; k < terms; k++)
            {
                list.Add(new Term(weight, shape == 0 || (shape == 1 && random.Next(2) == 0) ? TermKind.RelativeToBase : TermKind.Plain));
                weight *= k < wildTerms ? random.NextSingle() + 0.5f : -ratio * (random.NextSingle() + 0.5f);
            }

            using var @case = new CombineCase(new LinearCombination(startsFromBase, [.. list]), [input], output, count: 1000, round);
            double wildness = Math.ScaleB(1, random.Next(-6, 12));
            NearBoundary.Fill(@case, random, magnitude: Math.ScaleB(1, random.Next(-6, 3)), wildTerms, wildness, oneIn: round % 12 == 0 ? 1 : 64);
            @case.Check(Worker);
        }
    }

    /// <summary>Between the ends of bf16's range, where binary32 itself underflows or overflows on the way.</summary>
    [Test]
    public void Combine_near_rounding_boundaries_far_from_one([Values(ElementType.BF16, ElementType.F32)] ElementType input, [Values] bool startsFromBase)
    {
        var random = new Random(7);
        for (int exponent = -136; exponent < 128; exponent += 2)
        {
            // 1e-30 is where the kernels stop trusting small sums.
            float[] weights = [random.NextSingle() + 0.1f, 1e-3f, 3e-6f];
            Term[] terms = [.. weights.Select(weight => new Term(weight, random.Next(2) == 0 ? TermKind.RelativeToBase : TermKind.Plain))];
            using var @case = new CombineCase(new LinearCombination(startsFromBase, [.. terms]), [input], ElementType.BF16, count: 400, 3);
            NearBoundary.Fill(@case, random, Math.ScaleB(1, exponent), wildTerms: 0, wildness: 0);
            @case.Check(Worker);
        }
    }

    /// <summary>
    /// Σ w(x − b) alone: what the definition loses of a small term beside a large w·b is part of the result, although no difference
    /// x − b is large.
    /// </summary>
    [Test]
    public void Combine_of_small_differences_from_a_large_base(
        [Values(ElementType.BF16, ElementType.F16, ElementType.F32)] ElementType input, [ValueSource(nameof(HalfTypes))] ElementType output)
    {
        var random = new Random(8);
        foreach (float small in new[] { 1e-3f, 1e-5f, 1e-7f, 1e-9f, 1e-11f, 1e-13f })
        {
            foreach (float large in new[] { 1, 1 / 3f, 30_000 })
            {
                LinearCombination combination = new(
                    startsFromBase: false, new Term(small, TermKind.RelativeToBase), new Term(large, TermKind.RelativeToBase));
                using var @case = new CombineCase(combination, [input], output, count: 3000, 1);
                double scale = output == ElementType.F16 && input == ElementType.F16 ? 60_000 : 1e5;
                for (int i = 0; i < @case.Count; i++)
                {
                    double b = @case.Inputs[0].Set(i, scale * (random.NextDouble() - 0.5));
                    @case.Inputs[1].Set(i, b * (1 + (0.1 * random.NextDouble())));
                    @case.Inputs[2].Set(i, random.Next(20) == 0 ? b * 1.01 : b);
                }

                @case.Check(Worker);
            }
        }
    }

    [Test]
    public void Combine_with_huge_cancellation([ValueSource(nameof(HalfTypes))] ElementType output, [Values] bool startsFromBase)
    {
        var random = new Random(9);
        foreach (float weight in new[] { 1, 0.3f, 1000, 32_000 })
        {
            // The second term takes back what the first put in, but for its own rounding.
            LinearCombination combination = new(
                startsFromBase, new Term(weight, TermKind.RelativeToBase), new Term(-weight, TermKind.Plain), new Term(1, TermKind.Plain));
            using var @case = new CombineCase(combination, [ElementType.F32], output, Long, 5);
            int first = 1;
            for (int i = 0; i < @case.Count; i++)
            {
                double b = @case.Inputs[0].Set(i, random.NextDouble());
                double x = @case.Inputs[first].Set(i, (random.NextDouble() - 0.5) * 1e4);
                @case.Inputs[first + 1].Set(i, x - b);
                @case.Inputs[first + 2].Set(i, random.NextDouble() * Math.ScaleB(1, -random.Next(30)));
            }

            @case.Check(Worker);
        }
    }

    /// <summary>Easy stretches and hard ones by turns, of lengths that have nothing to do with any block size.</summary>
    [Test]
    public void Combine_of_easy_and_hard_stretches([ValueSource(nameof(HalfTypes))] ElementType type)
    {
        var random = new Random(10);
        LinearCombination combination = new(startsFromBase: true, new Term(0.5f, TermKind.RelativeToBase), new Term(0.25f, TermKind.RelativeToBase));
        using var @case = new CombineCase(combination, [type], type, count: (3 * Bulk) + 13, 7);
        bool isHard = false;
        for (int i = 0; i < @case.Count; i++)
        {
            isHard ^= random.Next(3000) == 0;
            ulong b = @case.Inputs[0].Float.Round(random.NextDouble());
            @case.Inputs[0][i] = b;
            @case.Inputs[1][i] = isHard ? b + 1 : b;
            @case.Inputs[2][i] = random.Next(1_000) == 0 ? @case.Inputs[2].Float.Largest + 1 : b;
        }

        @case.Check(Worker);
    }
}
