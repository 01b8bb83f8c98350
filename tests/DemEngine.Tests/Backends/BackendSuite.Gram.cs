using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Tests.Reference;

namespace DemEngine.Tests.Backends;

/// <summary>Dot products in their fixed order.</summary>
public abstract partial class BackendSuite
{
    [Test]
    public void Gram_of_every_type(
        [ValueSource(nameof(Types))] ElementType type, [Values(1, 2, 3, 5)] int inputs, [Values] bool relativeToBase)
    {
        var random = new Random(11);
        foreach (InputKind kind in Enum.GetValues<InputKind>())
            CheckGram(relativeToBase, [.. Enumerable.Repeat(type, inputs)], count: 5000, kind, random);
    }

    [Test]
    public void Gram_of_every_size([Values] bool relativeToBase)
    {
        var random = new Random(12);
        foreach (int size in new[] { 0, 1, 2, 15, 16, 255, 256, 257, 511, 512, 4095, 4096, 4097, 8191, 8192, 8193, 12_289 })
            CheckGram(relativeToBase, [ElementType.BF16, ElementType.F16, ElementType.BF16], size, InputKind.Realistic, random);
    }

    [Test]
    public void Gram_of_mixed_types([Values] bool relativeToBase)
    {
        var random = new Random(13);
        ElementType[] types = [.. Types];
        foreach (InputKind kind in Enum.GetValues<InputKind>())
        {
            for (int round = 0; round < 6; round++)
            {
                ElementType[] mixed = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => types[random.Next(types.Length)])];
                CheckGram(relativeToBase, mixed, count: 4200, kind, random);
            }
        }
    }

    /// <summary>What a worker keeps from one call to the next must not show in the padding of a short leaf.</summary>
    [Test]
    public void Gram_of_a_short_leaf_after_a_long_one()
    {
        var random = new Random(14);
        CheckGram(relativeToBase: true, [ElementType.F32, ElementType.F32], count: 4096, InputKind.RandomBits, random);
        CheckGram(relativeToBase: true, [ElementType.F32, ElementType.F64], count: 3, InputKind.Realistic, random);
        CheckGram(relativeToBase: false, [ElementType.F64, ElementType.F32], count: 3, InputKind.Realistic, random);
    }

    [Test]
    public void Gram_of_zeros_is_zero([Values] bool relativeToBase)
    {
        using var zeros = new TestTensor(ElementType.BF16, 5000, offset: 1);
        zeros.Bytes.Clear();
        double[] sums = new double[2 * 3];
        Worker.Gram(relativeToBase, [zeros.Elements, zeros.Elements], sums);
        Assert.That(sums, Is.All.Zero);
    }

    [Test]
    public void Gram_refuses_sums_and_inputs_that_do_not_fit()
    {
        using var longer = new TestTensor(ElementType.BF16, 5000, offset: 0);
        using var shorter = new TestTensor(ElementType.BF16, 4999, offset: 0);
        TypedBytes a = longer.Elements;
        TypedBytes b = shorter.Elements;
        Assert.That(() => Worker.Gram(false, [a, a], new double[5]), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Worker.Gram(false, [a, a], new double[7]), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Worker.Gram(false, [a, b], new double[6]), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Worker.Gram(false, [b, a], new double[6]), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    private void CheckGram(bool relativeToBase, ElementType[] types, int count, InputKind kind, Random random)
    {
        // Filled as the sum b + Σ(x − b) would be, so that the vectors are as close together as tuned models.
        LinearCombination filled = new(startsFromBase: true, [.. types.Skip(1).Select(_ => new Term(1, TermKind.RelativeToBase))]);
        using var @case = new CombineCase(filled, types, ElementType.F32, count, offset: random.Next(64));
        InputValues.Fill(@case, kind, random);

        TypedBytes[] inputs = [.. @case.Inputs.Select(input => input.Elements)];
        double[] expected = ReferenceGram.Run(relativeToBase, inputs);
        double[] sums = new double[expected.Length];
        Worker.Gram(relativeToBase, inputs, sums);
        for (int k = 0; k < sums.Length; k++)
        {
            bool isSame = double.IsNaN(expected[k]) ? double.IsNaN(sums[k]) : BitConverter.DoubleToUInt64Bits(sums[k]) == BitConverter.DoubleToUInt64Bits(expected[k]);
            if (!isSame)
                Assert.Fail($"sum {k} of {count} elements of {string.Join(", ", types)}: {sums[k]:R} is not {expected[k]:R}");
        }
    }
}
