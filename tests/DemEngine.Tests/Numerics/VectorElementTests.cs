using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using DemEngine.Numerics.Elements;
using DemEngine.Numerics.Simd;
using DemEngine.Tests.Reference;

namespace DemEngine.Tests.Numerics;

/// <summary>Reading and writing a vector at a time: the same bits, at every width, whether or not the hardware has it.</summary>
[TestFixture(typeof(F8E4M3Element), typeof(Width128), typeof(Vector128<uint>))]
[TestFixture(typeof(F8E4M3Element), typeof(Width256), typeof(Vector256<uint>))]
[TestFixture(typeof(F8E4M3Element), typeof(Width512), typeof(Vector512<uint>))]
[TestFixture(typeof(F8E5M2Element), typeof(Width128), typeof(Vector128<uint>))]
[TestFixture(typeof(F8E5M2Element), typeof(Width256), typeof(Vector256<uint>))]
[TestFixture(typeof(F8E5M2Element), typeof(Width512), typeof(Vector512<uint>))]
[TestFixture(typeof(F8E4M3FnuzElement), typeof(Width128), typeof(Vector128<uint>))]
[TestFixture(typeof(F8E4M3FnuzElement), typeof(Width256), typeof(Vector256<uint>))]
[TestFixture(typeof(F8E4M3FnuzElement), typeof(Width512), typeof(Vector512<uint>))]
[TestFixture(typeof(F8E5M2FnuzElement), typeof(Width128), typeof(Vector128<uint>))]
[TestFixture(typeof(F8E5M2FnuzElement), typeof(Width256), typeof(Vector256<uint>))]
[TestFixture(typeof(F8E5M2FnuzElement), typeof(Width512), typeof(Vector512<uint>))]
[TestFixture(typeof(F16Element), typeof(Width128), typeof(Vector128<uint>))]
[TestFixture(typeof(F16Element), typeof(Width256), typeof(Vector256<uint>))]
[TestFixture(typeof(F16Element), typeof(Width512), typeof(Vector512<uint>))]
[TestFixture(typeof(BF16Element), typeof(Width128), typeof(Vector128<uint>))]
[TestFixture(typeof(BF16Element), typeof(Width256), typeof(Vector256<uint>))]
[TestFixture(typeof(BF16Element), typeof(Width512), typeof(Vector512<uint>))]
[TestFixture(typeof(F32Element), typeof(Width128), typeof(Vector128<uint>))]
[TestFixture(typeof(F32Element), typeof(Width256), typeof(Vector256<uint>))]
[TestFixture(typeof(F32Element), typeof(Width512), typeof(Vector512<uint>))]
[TestFixture(typeof(F64Element), typeof(Width128), typeof(Vector128<uint>))]
[TestFixture(typeof(F64Element), typeof(Width256), typeof(Vector256<uint>))]
[TestFixture(typeof(F64Element), typeof(Width512), typeof(Vector512<uint>))]
[Parallelizable(ParallelScope.All)]
internal sealed class VectorElementTests<TElement, TWidth, TVector>
    where TElement : IFloatElement
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    private const byte Untouched = 0xA5;

    private static readonly ReferenceFloat Expected = ReferenceFloat.Of(TElement.Type);

    private static int Lanes => TWidth.Lanes;

    [Test]
    public void Loading_is_exact()
    {
        double[] values = new double[Lanes];
        float[] singles = new float[Lanes];
        foreach (ulong[] encodings in Encodings.Of(TElement.Type).Chunk(Lanes))
        {
            // An odd offset, and nothing behind the last element: the load must not read on.
            byte[] elements = new byte[1 + (Lanes * Expected.Size)];
            for (int k = 0; k < encodings.Length; k++)
                Expected.Store(elements.AsSpan(1), k, encodings[k]);

            TElement.Load<TWidth, TVector>(in elements[1], out TVector lower, out TVector upper);
            StoreDoubles(lower, upper, values);
            if (TElement.FitsSingle)
                TWidth.Store(TElement.LoadSingles<TWidth, TVector>(in elements[1]), ref MemoryMarshal.AsBytes(singles.AsSpan())[0]);

            for (int k = 0; k < encodings.Length; k++)
            {
                double expected = Expected.Value(encodings[k]);
                if (!SameValue(values[k], expected) || (TElement.FitsSingle && !SameValue(singles[k], expected)))
                    Assert.Fail($"{encodings[k]:X} in lane {k}: {values[k]:R} and {singles[k]:R} are not {expected:R}");
            }
        }
    }

    [Test]
    public void Storing_rounds_to_nearest_even_or_asks_to_be_redone()
    {
        byte[] elements = new byte[1 + (Lanes * Expected.Size) + 1];
        double[] lanes = new double[Lanes];
        int redone = 0;
        foreach (double[] values in RoundingCases.For(TElement.Type).Chunk(Lanes))
        {
            values.CopyTo(lanes, 0);
            elements.AsSpan().Fill(Untouched);
            bool redo = Store(lanes, ref elements[1]);
            redone += redo ? 1 : 0;
            if (redo && lanes.All(IsPlain))
                Assert.Fail($"asks to be redone for no reason: {string.Join(' ', lanes)}");

            for (int k = 0; k < Lanes && !redo; k++)
            {
                ulong expected = Expected.Round(lanes[k]);
                if (Expected.Load(elements.AsSpan(1), k) != expected)
                    Assert.Fail($"{lanes[k]:R} in lane {k} gives {Expected.Load(elements.AsSpan(1), k):X}, not {expected:X}");
            }

            if (elements[0] != Untouched || elements[^1] != Untouched)
                Assert.Fail("writes beyond its elements");
        }

        Assert.That(redone, Is.GreaterThan(0), "non-finite results are to be redone, so that they are counted");
    }

    [Test]
    public void A_lone_nonfinite_result_is_noticed_in_every_lane([Values(double.NaN, double.NegativeInfinity)] double value)
    {
        byte[] elements = new byte[Lanes * Expected.Size];
        double[] lanes = new double[Lanes];
        for (int k = 0; k < Lanes; k++)
        {
            Array.Fill(lanes, 1);
            Assert.That(Store(lanes, ref elements[0]), Is.False);
            lanes[k] = value;
            Assert.That(Store(lanes, ref elements[0]), Is.True, $"lane {k}");
        }
    }

    /// <summary>Whether vectors are to manage on their own: the result is finite and no subnormal of binary32.</summary>
    private static bool IsPlain(double value) =>
        Expected.IsFinite(Expected.Round(value)) && (value == 0 || TElement.Size >= 8 || Math.Abs(value) > 1.18e-38);

    private static bool Store(double[] lanes, ref byte destination)
    {
        Span<byte> bytes = MemoryMarshal.AsBytes(lanes.AsSpan());
        return TElement.Store<TWidth, TVector>(TWidth.Load(in bytes[0]), TWidth.Load(in bytes[bytes.Length / 2]), ref destination);
    }

    private static void StoreDoubles(TVector lower, TVector upper, double[] values)
    {
        Span<byte> bytes = MemoryMarshal.AsBytes(values.AsSpan());
        TWidth.Store(lower, ref bytes[0]);
        TWidth.Store(upper, ref bytes[bytes.Length / 2]);
    }

    private static bool SameValue(double a, double b) =>
        double.IsNaN(b) ? double.IsNaN(a) : BitConverter.DoubleToUInt64Bits(a) == BitConverter.DoubleToUInt64Bits(b);
}
