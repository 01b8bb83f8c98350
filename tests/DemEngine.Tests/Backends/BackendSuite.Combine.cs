using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Tests.Reference;

namespace DemEngine.Tests.Backends;

/// <summary>Linear combinations of every shape.</summary>
public abstract partial class BackendSuite
{
    private static readonly int[] Sizes =
    [
        0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 63, 64, 65, 95, 96, 127, 128, 129, 255, 256, 257, 1023, 1024, 1025,
        4095, 4096, 4097, 4111, 8191, 8192, 8193,
    ];

    [Test]
    public void Combine_from_every_type_to_every_type([ValueSource(nameof(Types))] ElementType input, [ValueSource(nameof(Types))] ElementType output)
    {
        var random = new Random(1);
        foreach (InputKind kind in Enum.GetValues<InputKind>())
        {
            for (int terms = 0; terms <= 17; terms += terms < 5 ? 1 : 4)
            {
                Check(RandomCombination.Next(random, terms), [input], output, count: 200, kind, random);
                Check(RandomCombination.Usual(random, terms), [input], output, count: 200, kind, random);
                Check(RandomCombination.Next(random, terms, isExtreme: true), [input], output, count: 75, kind, random);
            }

            Check(LinearCombination.BaseAlone, [input], output, count: 500, kind, random);
            Check(LinearCombination.Difference, [input], output, count: 500, kind, random);
        }
    }

    [Test]
    public void Several_combinations_of_the_same_inputs([ValueSource(nameof(Types))] ElementType type, [Values(1, 100, 9001)] int count)
    {
        var random = new Random(31);
        LinearCombination first = RandomCombination.Next(random, terms: 3);
        LinearCombination[] combinations =
        [
            first,
            .. Enumerable.Range(0, 6).Select(_ => new LinearCombination(
                first.StartsFromBase,
                [.. first.Terms.Select(term => term with { Weight = random.NextSingle() - 0.5f })])),
        ];
        using var @case = new CombineCase(first, [type], type, count, offset: 5);
        InputValues.Fill(@case, InputKind.RandomBits, random);
        TypedBytes[] inputs = [.. @case.Inputs.Select(input => input.Elements)];
        ElementType[] types = [.. combinations.Select((_, k) => k % 3 == 0 ? ElementType.BF16 : k % 3 == 1 ? type : ElementType.F32)];
        TestTensor[] outputs = [.. types.Select((output, k) => new TestTensor(output, count, 3 * k))];
        var nonFinite = new NonFinite[combinations.Length];
        Worker.CombineEach(combinations, inputs, [.. outputs.Select(output => output.Elements)], nonFinite);
        for (int k = 0; k < combinations.Length; k++)
        {
            byte[] expected = new byte[outputs[k].Bytes.Length];
            Assert.That(nonFinite[k], Is.EqualTo(ReferenceCombination.Run(combinations[k], inputs, types[k], expected)));
            Assert.That(outputs[k].Bytes.SequenceEqual(expected), Is.True, $"output {k}");
            Assert.That(outputs[k].IsMarginIntact, Is.True);
            outputs[k].Dispose();
        }
    }

    /// <summary>Every pair of the three types; what is done with one does not look at both others.</summary>
    [Test, Pairwise]
    public void Difference_of_any_two_types(
        [ValueSource(nameof(Types))] ElementType origin, [ValueSource(nameof(Types))] ElementType tuned, [ValueSource(nameof(Types))] ElementType output)
    {
        var random = new Random(15);
        foreach (InputKind kind in Enum.GetValues<InputKind>())
            Check(LinearCombination.Difference, [origin, tuned], output, count: 130 + random.Next(8), kind, random);

        // Where the sum starts from zero, no difference is −0.
        using var zeros = new CombineCase(LinearCombination.Difference, [origin, tuned], output, count: 4);
        ulong sign(int input) => zeros.Inputs[input].Float.Round(-0.0);
        for (int i = 0; i < zeros.Count; i++)
        {
            zeros.Inputs[0][i] = (i & 1) == 0 ? 0 : sign(0);
            zeros.Inputs[1][i] = (i & 2) == 0 ? 0 : sign(1);
        }

        zeros.Check(Worker);
    }

    [Test]
    public void Combine_of_mixed_types([ValueSource(nameof(Types))] ElementType output)
    {
        var random = new Random(2);
        ElementType[] types = [.. Types];
        foreach (InputKind kind in Enum.GetValues<InputKind>())
        {
            for (int terms = 1; terms <= 17; terms++)
            {
                ElementType[] inputs = [.. Enumerable.Range(0, terms + 1).Select(_ => types[random.Next(types.Length)])];
                ElementType[] withoutF64 = [.. inputs.Select(type => type == ElementType.F64 ? ElementType.BF16 : type)];
                Check(RandomCombination.Next(random, terms), random.Next(3) == 0 ? inputs : withoutF64, output, count: 150, kind, random);
            }

            Check(RandomCombination.Usual(random, 2), [ElementType.F32, ElementType.BF16], output, count: 8195, kind, random);
        }
    }

    [Test]
    public void Combine_of_every_size_at_any_offset(
        [Values(ElementType.F8E4M3, ElementType.BF16, ElementType.F32, ElementType.F64)] ElementType input,
        [Values(ElementType.F8E5M2, ElementType.F16, ElementType.BF16, ElementType.F32)] ElementType output)
    {
        var random = new Random(3);
        foreach (int size in Sizes)
        {
            for (int offset = 0; offset < (size < 300 ? 8 : 1); offset++)
            {
                using var @case = new CombineCase(RandomCombination.Usual(random, 2), [input], output, size, (offset * 9) % 64);
                InputValues.Fill(@case, size % 2 == 0 ? InputKind.Realistic : InputKind.Special, random);
                @case.Check(Worker);
            }
        }
    }

    [Test]
    public void Combine_with_very_many_terms([Values(63, 64, 65, 200)] int terms, [ValueSource(nameof(HalfTypes))] ElementType type)
    {
        var random = new Random(4);
        for (int k = 0; k < 6; k++)
        {
            Check(RandomCombination.Usual(random, terms), [type], type, count: 100, InputKind.Realistic, random);
            Check(RandomCombination.Next(random, terms), [ElementType.F32], type, count: 100, InputKind.Realistic, random);
        }
    }

    [Test]
    public void Combine_refuses_inputs_that_do_not_fit()
    {
        using var bf16 = new TestTensor(ElementType.BF16, 8, offset: 0);
        using var shorter = new TestTensor(ElementType.BF16, 7, offset: 0);
        TypedBytes elements = bf16.Elements;
        TypedBytes fewer = shorter.Elements;
        Assert.That(() => Worker.Combine(LinearCombination.Difference, [elements], elements), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Worker.Combine(LinearCombination.Difference, [elements, fewer], elements), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Worker.Combine(LinearCombination.BaseAlone, [elements], fewer), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }
}
