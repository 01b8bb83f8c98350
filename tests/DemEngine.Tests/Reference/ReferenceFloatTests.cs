using DemEngine.Numerics;

namespace DemEngine.Tests.Reference;

/// <summary>The reference itself, against values from the standards and against what the runtime can convert.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class ReferenceFloatTests
{
    [TestCase(ElementType.F8E4M3, 448, 0.001953125, 0.015625)]
    [TestCase(ElementType.F8E5M2, 57344, 1.52587890625e-05, 6.103515625e-05)]
    [TestCase(ElementType.F8E4M3Fnuz, 240, 0.0009765625, 0.0078125)]
    [TestCase(ElementType.F8E5M2Fnuz, 57344, 7.62939453125e-06, 3.0517578125e-05)]
    [TestCase(ElementType.F16, 65504, 5.9604644775390625e-08, 6.103515625e-05)]
    [TestCase(ElementType.BF16, 3.3895313892515355e38, 9.183549615799121e-41, 1.1754943508222875e-38)]
    [TestCase(ElementType.F32, 3.4028234663852886e38, 1.401298464324817e-45, 1.1754943508222875e-38)]
    [TestCase(ElementType.F64, double.MaxValue, double.Epsilon, 2.2250738585072014e-308)]
    public void Range_is_as_published(ElementType type, double largest, double smallest, double smallestNormal)
    {
        var reference = ReferenceFloat.Of(type);
        Assert.That(reference.Value(reference.Largest), Is.EqualTo(largest));
        Assert.That(reference.IsFinite(reference.Largest + 1), Is.False);
        Assert.That(double.IsFinite(reference.Value(reference.Largest + 1)), Is.False);
        Assert.That(reference.Value(1), Is.EqualTo(smallest));
        Assert.That(reference.Value(reference.Round(smallestNormal)), Is.EqualTo(smallestNormal));
    }

    [Test]
    public void F16_is_the_runtimes_Half()
    {
        var reference = (TableFloat)ReferenceFloat.Of(ElementType.F16);
        for (uint encoding = 0; encoding <= ushort.MaxValue; encoding++)
        {
            double half = (double)BitConverter.UInt16BitsToHalf((ushort)encoding);
            if (!reference.Value(encoding).Equals(half))
                Assert.Fail($"{encoding:X4}: {reference.Value(encoding)} is not {half}");
        }

        foreach (double bound in reference.Bounds)
        {
            foreach (double value in new[] { bound, Math.BitDecrement(bound), -Math.BitIncrement(bound) })
            {
                ushort half = BitConverter.HalfToUInt16Bits((Half)value);
                if (reference.Round(value) != half)
                    Assert.Fail($"{value:R}: {reference.Round(value):X4} is not {half:X4}");
            }
        }
    }

    [Test]
    public void BF16_is_the_upper_half_of_binary32()
    {
        var reference = ReferenceFloat.Of(ElementType.BF16);
        for (uint encoding = 0; encoding <= ushort.MaxValue; encoding++)
        {
            double upperHalf = BitConverter.UInt32BitsToSingle(encoding << 16);
            if (!reference.Value(encoding).Equals(upperHalf))
                Assert.Fail($"{encoding:X4}: {reference.Value(encoding)} is not {upperHalf}");
        }
    }

    [TestCase(ElementType.F8E4M3, 464, 0x7EUL)]
    [TestCase(ElementType.F8E4M3, -464.00000000000006, 0x7FUL)]
    [TestCase(ElementType.F8E4M3, double.NegativeInfinity, 0x7FUL)]
    [TestCase(ElementType.F8E5M2, 61439.99999999999, 0x7BUL)]
    [TestCase(ElementType.F8E5M2, -61440, 0xFCUL)]
    [TestCase(ElementType.F8E4M3Fnuz, 247.99999999999997, 0x7FUL)]
    [TestCase(ElementType.F8E4M3Fnuz, 248, 0x80UL)]
    [TestCase(ElementType.F8E4M3Fnuz, -0.0, 0x00UL)]
    [TestCase(ElementType.F8E4M3Fnuz, -0.00048828125, 0x00UL)]
    [TestCase(ElementType.F8E4M3Fnuz, -1, 0xC0UL)]
    [TestCase(ElementType.F8E5M2Fnuz, double.NegativeInfinity, 0x80UL)]
    [TestCase(ElementType.F16, 65519.99999999999, 0x7BFFUL)]
    [TestCase(ElementType.F16, 65520, 0x7C00UL)]
    [TestCase(ElementType.F16, -2.9802322387695312e-08, 0x8000UL)]
    [TestCase(ElementType.BF16, 1.00390625, 0x3F80UL)]
    [TestCase(ElementType.BF16, 1.01171875, 0x3F82UL)]
    [TestCase(ElementType.BF16, double.NaN, 0x7FC0UL)]
    [TestCase(ElementType.F32, double.NaN, 0x7FC00000UL)]
    [TestCase(ElementType.F64, double.NaN, 0x7FF8000000000000UL)]
    public void Rounding_is_to_nearest_even(ElementType type, double value, ulong encoding) =>
        Assert.That(ReferenceFloat.Of(type).Round(value), Is.EqualTo(encoding));
}
