using DemEngine.Numerics.Elements;
using DemEngine.Tests.Reference;

namespace DemEngine.Tests.Numerics;

/// <summary>Reading and writing one element at a time: what defines each type.</summary>
[TestFixture(typeof(F8E4M3Element))]
[TestFixture(typeof(F8E5M2Element))]
[TestFixture(typeof(F8E4M3FnuzElement))]
[TestFixture(typeof(F8E5M2FnuzElement))]
[TestFixture(typeof(F16Element))]
[TestFixture(typeof(BF16Element))]
[TestFixture(typeof(F32Element))]
[TestFixture(typeof(F64Element))]
[Parallelizable(ParallelScope.All)]
internal sealed class ScalarElementTests<TElement>
    where TElement : IFloatElement
{
    private static readonly ReferenceFloat Expected = ReferenceFloat.Of(TElement.Type);

    [Test]
    public void Size_is_that_of_the_type() => Assert.That(TElement.Size, Is.EqualTo(Expected.Size));

    [Test]
    public void Reading_is_exact()
    {
        byte[] element = new byte[8];
        foreach (ulong encoding in Encodings.Of(TElement.Type))
        {
            Expected.Store(element, 0, encoding);
            double value = TElement.Read(in element[0]);
            if (!SameValue(value, Expected.Value(encoding)))
                Assert.Fail($"{encoding:X}: {value:R} is not {Expected.Value(encoding):R}");
        }
    }

    [Test]
    public void What_is_read_is_written_back()
    {
        byte[] element = new byte[8];
        foreach (ulong encoding in Encodings.Of(TElement.Type))
        {
            if (double.IsNaN(Expected.Value(encoding)))
                continue;

            Expected.Store(element, 0, encoding);
            double value = TElement.Read(in element[0]);
            bool isFinite = TElement.Write(value, ref element[0]);
            if (Expected.Load(element, 0) != encoding || isFinite != Expected.IsFinite(encoding))
                Assert.Fail($"{encoding:X} comes back as {Expected.Load(element, 0):X}, finite: {isFinite}");
        }
    }

    [Test]
    public void Writing_rounds_to_nearest_even()
    {
        byte[] element = new byte[8];
        foreach (double value in RoundingCases.For(TElement.Type))
        {
            ulong expected = Expected.Round(value);
            bool isFinite = TElement.Write(value, ref element[0]);
            if (Expected.Load(element, 0) != expected || isFinite != Expected.IsFinite(expected))
                Assert.Fail($"{value:R} gives {Expected.Load(element, 0):X}, finite: {isFinite}, not {expected:X}");
        }
    }

    private static bool SameValue(double a, double b) =>
        double.IsNaN(b) ? double.IsNaN(a) : BitConverter.DoubleToUInt64Bits(a) == BitConverter.DoubleToUInt64Bits(b);
}
