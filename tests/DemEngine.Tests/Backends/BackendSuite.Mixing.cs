using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;
using DemEngine.Tests.Reference;

namespace DemEngine.Tests.Backends;

/// <summary>Where a majority or the rounding hangs on the last bit of a sum. Only one element in so many is hard; see <see cref="NearBoundary"/>.</summary>
public abstract partial class BackendSuite
{
    private static readonly Consensus[] BoundedMixings = [Consensus.Sum, Consensus.Agreeing, Consensus.AgreeingMean];

    [Test]
    public void Delta_combine_near_rounding_boundaries(
        [ValueSource(nameof(BoundedMixings))] Consensus mixing, [ValueSource(nameof(HalfTypes))] ElementType output)
    {
        var random = new Random(31);
        for (int round = 0; round < 60; round++)
        {
            int sources = random.Next(1, 5);
            DeltaWeights[] weights = [.. Enumerable.Range(0, sources).Select(_ => Positive(random, mixing))];
            using var @case = new CombineCase(Linear([.. weights.Select(_ => TermKind.Plain)]), [ElementType.F32], output, count: 1000, round);
            for (int i = 0; i < @case.Count; i++)
            {
                // Without a base the errors of m are those of the result.
                double near = Math.ScaleB(random.NextDouble() + 1, random.Next(-3, 3)) * (random.Next(2) == 0 ? 1 : -1);
                double b = @case.Inputs[0].Set(i, round % 2 == 0 ? 0 : near);
                bool isHard = random.Next(round % 12 == 0 ? 1 : 64) == 0;
                double m = isHard ? NearBoundary.Target((TableFloat)@case.Output.Float, near * (1 + Math.ScaleB(1, -random.Next(3, 24))), random) - b : 0;
                double left = mixing == Consensus.AgreeingMean ? m * weights.Sum(weight => (double)weight.Share) : m;
                for (int k = 0; k < sources; k++)
                    left -= weights[k].Weight * @case.Source(k).Set(i, left * (k == sources - 1 ? 1 : random.NextDouble()) / weights[k].Weight);
            }

            CheckMixing(@case, weights, mixing);
        }
    }

    [Test]
    public void Delta_combine_of_close_votes([Values(Consensus.Agreeing, Consensus.AgreeingMean)] Consensus mixing, [ValueSource(nameof(HalfTypes))] ElementType output)
    {
        var random = new Random(32);
        for (int round = 0; round < 60; round++)
        {
            int sources = random.Next(2, 5);
            bool areEqual = random.Next(4) == 0;
            DeltaWeights first = Positive(random, mixing);
            DeltaWeights[] weights = [.. Enumerable.Range(0, sources).Select(_ => areEqual ? first : Positive(random, mixing))];
            using var @case = new CombineCase(Linear([.. weights.Select(_ => TermKind.Plain)]), [ElementType.F32], output, count: 1000, round);
            int smallest = round % 6 == 0 ? -140 : -6;
            for (int i = 0; i < @case.Count; i++)
            {
                @case.Inputs[0].Set(i, round % 3 == 0 ? 0 : random.NextDouble() - 0.5);
                bool isHard = random.Next(round % 12 == 0 ? 1 : 64) == 0;
                double sum = 0;
                for (int k = 0; k < sources; k++)
                {
                    // The last one takes back what the others put in, but for its own rounding and at times a little more.
                    double size = Math.ScaleB(random.NextDouble() + 1, random.Next(smallest, 0));
                    double wanted = !isHard ? 0 : k == sources - 1 ? -sum / weights[k].Vote * (1 + (random.Next(-2, 3) * Math.ScaleB(1, -24))) : random.Next(2) == 0 ? size : -size;
                    sum += weights[k].Vote * @case.Source(k).Set(i, wanted);
                }
            }

            CheckMixing(@case, weights, mixing);
        }
    }

    [Test]
    public void Delta_combine_of_votes_with_numbers_that_are_not_finite([Values(Consensus.Agreeing, Consensus.AgreeingMean)] Consensus mixing)
    {
        var random = new Random(33);
        float[] special = [float.PositiveInfinity, float.NegativeInfinity, float.NaN, -float.NaN, float.MaxValue, -float.MaxValue, float.Epsilon, -float.Epsilon, 0];
        for (int round = 0; round < 20; round++)
        {
            DeltaWeights[] weights = [Positive(random, mixing), Positive(random, mixing), Positive(random, mixing)];
            using var @case = new CombineCase(Linear([.. weights.Select(_ => TermKind.Plain)]), [ElementType.F32], ElementType.BF16, count: 1000, round);
            for (int i = 0; i < @case.Count; i++)
            {
                bool isHard = random.Next(40) == 0;
                @case.Inputs[0].Set(i, random.NextDouble());
                for (int k = 0; k < weights.Length; k++)
                    @case.Source(k).Set(i, isHard && random.Next(2) == 0 ? special[random.Next(special.Length)] : random.NextDouble() - 0.5);
            }

            CheckMixing(@case, weights, mixing);
        }
    }

    private void CheckMixing(CombineCase @case, DeltaWeights[] weights, Consensus mixing) =>
        CheckDeltas(@case, new DeltaCombination(new SparseDeltas([.. weights.Select(_ => new SparseDelta(TermKind.Plain, DeltaMask.None))]), [.. weights], mixing), first: 0);

    /// <summary>As consensus has them: a weight is its vote times a factor common to all.</summary>
    private static DeltaWeights Positive(Random random, Consensus mixing)
    {
        float vote = random.NextSingle() + 0.1f;
        float factor = mixing == Consensus.Sum && random.Next(3) == 0 ? -1 : 1;
        return new DeltaWeights(factor * vote, vote, random.Next(3) == 0 ? 1 : random.NextSingle() + 0.1f);
    }
}
