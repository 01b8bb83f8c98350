using DemEngine.Numerics;
using DemEngine.Tests.Reference;

namespace DemEngine.Tests.Numerics;

/// <summary>Doubles that are hard to round to a type: its values, what lies halfway between them, and what lies beside that.</summary>
internal static class RoundingCases
{
    private static readonly double[] Everywhere =
    [
        0, double.Epsilon, 2.2250738585072009e-308, 2.2250738585072014e-308, 1e-300, 1e300, double.MaxValue, double.PositiveInfinity, 1,
        7.006492321624085e-46, 7.0064923216240862e-46, 1.4012984643248171e-45, 1.1754943157898259e-38, 1.1754942807573643e-38,
        1.1754943508222875e-38, 3.4028235677973362e38, 3.4028235677973366e38, 3.4028236692093846e38, 3.3961775292304607e38,
    ];

    private static readonly ulong[] NaNs =
    [
        0x7FF8_0000_0000_0000, 0xFFF8_0000_0000_0001, 0x7FF0_0000_0000_0001, 0xFFF0_0000_2000_0000, 0xFFFF_FFFF_FFFF_FFFF,
    ];

    private static readonly Dictionary<ElementType, Lazy<double[]>> Cache = ReferenceFloat.Types.ToDictionary(
        type => type, type => new Lazy<double[]>(() => [.. Make(ReferenceFloat.Of(type))]));

    public static double[] For(ElementType type) => Cache[type].Value;

    private static IEnumerable<double> Make(ReferenceFloat type)
    {
        foreach (double magnitude in Everywhere.Concat(Magnitudes(type)))
        {
            yield return magnitude;
            yield return -magnitude;
        }

        // Payloads in the upper and only in the lower bits, quiet and signalling.
        foreach (ulong bits in NaNs)
            yield return BitConverter.UInt64BitsToDouble(bits);
    }

    private static IEnumerable<double> Magnitudes(ReferenceFloat type) => type switch
    {
        TableFloat table => table.Bounds.ToArray().SelectMany((bound, k) => Beside(table.Value((ulong)k)).Concat(Beside(bound))),
        SingleFloat => RandomSingles().SelectMany(single =>
            Beside(single).Concat(Beside(((double)single + MathF.BitIncrement(single)) / 2))),
        _ => RandomDoubles().SelectMany(Beside),
    };

    private static IEnumerable<double> Beside(double value)
    {
        yield return value;
        yield return Math.BitIncrement(value);
        yield return value == 0 ? 0 : Math.BitDecrement(value);

        // Beyond the precision of binary32, and just within it.
        yield return value * (1 + Math.ScaleB(1, -30));
        yield return value * (1 - Math.ScaleB(1, -30));
        yield return value * (1 - Math.ScaleB(1, -24));
    }

    private static IEnumerable<float> RandomSingles()
    {
        var random = new Random(1);
        for (int k = 0; k < 20_000; k++)
            yield return BitConverter.UInt32BitsToSingle((uint)random.Next(0x7F80_0000));
        for (int k = 0; k < 2_000; k++)
            yield return BitConverter.UInt32BitsToSingle((uint)random.Next(0x0100_0000));
        for (uint k = 1; k < 20; k++)
            yield return BitConverter.UInt32BitsToSingle(0x7F80_0000 - k);
    }

    private static IEnumerable<double> RandomDoubles()
    {
        var random = new Random(2);
        for (int k = 0; k < 20_000; k++)
            yield return BitConverter.Int64BitsToDouble(random.NextInt64(0x7FF0_0000_0000_0000));
    }
}
