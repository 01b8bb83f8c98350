using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using DemEngine.Numerics;
using DemEngine.Numerics.Elements;
using DemEngine.Numerics.Simd;
using DemEngine.Tests.Reference;

namespace DemEngine.Tests.Numerics;

/// <summary>Ziv's test: it may only decide where the whole interval rounds to one value, and must decide elsewhere to be of use.</summary>
[TestFixture(typeof(F16Element), typeof(Width128), typeof(Vector128<uint>))]
[TestFixture(typeof(F16Element), typeof(Width256), typeof(Vector256<uint>))]
[TestFixture(typeof(F16Element), typeof(Width512), typeof(Vector512<uint>))]
[TestFixture(typeof(BF16Element), typeof(Width128), typeof(Vector128<uint>))]
[TestFixture(typeof(BF16Element), typeof(Width256), typeof(Vector256<uint>))]
[TestFixture(typeof(BF16Element), typeof(Width512), typeof(Vector512<uint>))]
[Parallelizable(ParallelScope.All)]
internal sealed class RoundApproximationTests<TElement, TWidth, TVector>
    where TElement : IFloatElement
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    private static readonly TableFloat Expected = (TableFloat)ReferenceFloat.Of(TElement.Type);

    [Test]
    public void Decides_only_what_is_certain([Values(20u, 24u, 52u, 276u, 2000u, 9000u)] uint slack)
    {
        byte[] encoded = new byte[TWidth.Lanes * sizeof(uint)];
        byte[] decided = new byte[TWidth.Lanes * sizeof(uint)];
        foreach (float[] singles in Singles(slack).Chunk(TWidth.Lanes))
        {
            if (singles.Length < TWidth.Lanes)
                break;

            float[] bounds = [.. singles.Select(single => (float)(slack * Unit(single)))];
            TVector sums = TWidth.Load(in MemoryMarshal.AsBytes(singles.AsSpan())[0]);
            TVector bound = TWidth.Load(in MemoryMarshal.AsBytes(bounds.AsSpan())[0]);
            TVector rounded = TElement.RoundApproximation<TWidth, TVector>(sums, bound, out TVector mask);
            TElement.StoreRounded<TWidth, TVector>(rounded, ref encoded[0]);
            TWidth.Store(mask, ref decided[0]);

            for (int k = 0; k < singles.Length; k++)
                Check(singles[k], slack, Expected.Load(encoded, k), BitConverter.ToInt32(decided, k * sizeof(int)) < 0);
        }
    }

    /// <summary>One unit in the last place of binary32.</summary>
    private static double Unit(float single) => (double)MathF.BitIncrement(Math.Abs(single)) - Math.Abs(single);

    private static void Check(float single, uint slack, ulong encoded, bool decided)
    {
        double unit = Unit(single);
        ulong least = Expected.Round(single - (slack * unit));
        ulong most = Expected.Round(single + (slack * unit));
        if (decided && (encoded != least || encoded != most || !Expected.IsFinite(encoded)))
            Assert.Fail($"{single:R} is decided as {encoded:X4}, but rounds to between {least:X4} and {most:X4}");

        // A little farther away there is no excuse, except near the ends of a range.
        double away = (slack + 1) * unit;
        bool isClear = Expected.Round(single - away) == Expected.Round(single + away);
        double magnitude = Math.Abs(single);
        bool isWellInside = TElement.Type == ElementType.BF16 ? magnitude is > 1e-35 and < 1.7e38 : magnitude is >= 6.103515625e-05 and < 32768;
        if (isClear && isWellInside && !decided)
            Assert.Fail($"{single:R} is left undecided");
    }

    /// <summary>Around each boundary and each value: normal numbers of binary32 that do not overflow, all the kernel asks about.</summary>
    private static IEnumerable<float> Singles(uint slack)
    {
        int[] steps = [0, 1, (int)slack - 1, (int)slack, (int)slack + 1, (int)(2 * slack)];

        // A prime step meets all exponents and all mantissas.
        for (int k = 0; k < Expected.Bounds.Length - 1; k += 7)
        {
            foreach (double middle in new[] { Expected.Bounds[k], Expected.Value((ulong)k + 1) })
            {
                foreach (int step in steps)
                {
                    int bits = BitConverter.SingleToInt32Bits((float)middle);
                    float above = BitConverter.Int32BitsToSingle(bits + step);
                    float below = -BitConverter.Int32BitsToSingle(bits - step);
                    if (below < -1.2e-38f)
                    {
                        yield return above;
                        yield return below;
                    }
                }
            }
        }
    }
}
