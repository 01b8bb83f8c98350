using DemEngine.Numerics;

namespace DemEngine.Tests.Backends;

/// <summary>Kinds of tensor contents.</summary>
public enum InputKind
{
    /// <summary>Weights of a model, and the same a little changed.</summary>
    Realistic,

    /// <summary>Any bits.</summary>
    RandomBits,

    /// <summary>Zeros, infinities, NaNs with payloads, and the ends of the type's range, among realistic values.</summary>
    Special,

    /// <summary>Subnormals and the smallest normals.</summary>
    Denormal,

    /// <summary>Neighbouring encodings, whose halves lie halfway.</summary>
    Neighbours,

    /// <summary>Near the largest values of the output's type.</summary>
    NearOverflow,

    /// <summary>Values of which many are the base's own.</summary>
    MostlyUnchanged,
}

/// <summary>Fills a case's inputs.</summary>
internal static class InputValues
{
    public static void Fill(CombineCase @case, InputKind kind, Random random)
    {
        for (int i = 0; i < @case.Count; i++)
        {
            double b = 0;
            if (@case.Base is { } tensor)
            {
                tensor[i] = Base(tensor, @case.Output, kind, random);
                b = tensor.Value(i);
            }

            for (int k = 0; k < @case.Combination.Terms.Length; k++)
            {
                bool isRelative = @case.Combination.Terms[k].Kind == TermKind.RelativeToBase;
                TestTensor source = @case.Source(k);
                source[i] = isRelative ? Near(source, @case.Base!, i, b, @case.Output, kind, random) : Base(source, @case.Output, kind, random);
            }
        }
    }

    private static ulong Base(TestTensor tensor, TestTensor output, InputKind kind, Random random) => kind switch
    {
        InputKind.RandomBits => RandomBits(tensor, random),
        InputKind.Special when random.Next(3) == 0 => Special(tensor, random),
        InputKind.Denormal => Signed(tensor, (ulong)random.NextInt64((long)tensor.Float.Round(SmallestNormal(tensor)) + 3), random),
        InputKind.NearOverflow => tensor.Float.Round(output.Float.Value(output.Float.Largest) * ((random.NextDouble() * 2.2) - 1.1)),
        _ => tensor.Float.Round(Noise(random) * 0.02),
    };

    private static ulong Near(TestTensor tensor, TestTensor bases, int i, double b, TestTensor output, InputKind kind, Random random)
    {
        bool isSameType = tensor.Float == bases.Float;
        return kind switch
        {
            InputKind.Realistic => tensor.Float.Round(b + (Noise(random) * 5e-4)),
            InputKind.MostlyUnchanged => tensor.Float.Round(random.Next(3) > 0 ? b : b + (Noise(random) * 1e-3)),
            InputKind.Neighbours when isSameType => (bases[i] + (ulong)random.Next(-2, 3)) & (tensor.Float.SignBit | (tensor.Float.SignBit - 1)),
            _ => Base(tensor, output, kind, random),
        };
    }

    private static ulong RandomBits(TestTensor tensor, Random random) =>
        (ulong)random.NextInt64(long.MinValue, long.MaxValue) & (tensor.Float.SignBit | (tensor.Float.SignBit - 1));

    private static ulong Special(TestTensor tensor, Random random)
    {
        ulong largest = tensor.Float.Largest;
        ulong[] magnitudes = [0, 0, 1, largest - 1, largest, largest + 1, largest + 2, tensor.Float.SignBit - 1];
        return Signed(tensor, Math.Min(magnitudes[random.Next(magnitudes.Length)], tensor.Float.SignBit - 1), random);
    }

    private static ulong Signed(TestTensor tensor, ulong magnitude, Random random) => magnitude | ((ulong)random.Next(2) * tensor.Float.SignBit);

    private static double SmallestNormal(TestTensor tensor) => tensor.Float.Type switch
    {
        ElementType.F8E4M3 => Math.ScaleB(1, -6),
        ElementType.F8E5M2 or ElementType.F16 => Math.ScaleB(1, -14),
        ElementType.F8E4M3Fnuz => Math.ScaleB(1, -7),
        ElementType.F8E5M2Fnuz => Math.ScaleB(1, -15),
        ElementType.F64 => Math.ScaleB(1, -1022),
        _ => Math.ScaleB(1, -126),
    };

    /// <summary>More often small than large.</summary>
    private static double Noise(Random random) => 2 * (random.NextDouble() - random.NextDouble());
}
