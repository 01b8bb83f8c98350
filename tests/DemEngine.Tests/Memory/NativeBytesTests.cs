using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Tests.Memory;

public sealed class NativeBytesTests
{
    [TestCase(0, 0)]
    [TestCase(0, 16)]
    [TestCase(16, 0)]
    [TestCase(5, 7)]
    public void A_part_lies_where_it_says(int start, int length)
    {
        using var buffer = new NativeBuffer(16);
        NativeBytes part = buffer.Bytes.Slice(start, length);
        Assert.That(part.Length, Is.EqualTo(length));
        Assert.That(part.Span.Length, Is.EqualTo(length));
        Assert.That(part.Address, Is.EqualTo(buffer.Bytes.Address + start));
    }

    [TestCase(-1, 0)]
    [TestCase(-1, 1)]
    [TestCase(17, 0)]
    [TestCase(0, 17)]
    [TestCase(0, -1)]
    [TestCase(16, 1)]
    [TestCase(8, int.MaxValue)]
    [TestCase(int.MaxValue, int.MaxValue)]
    [TestCase(int.MinValue, int.MinValue)]
    public void A_part_that_does_not_lie_within_is_refused(int start, int length)
    {
        using var buffer = new NativeBuffer(16);
        NativeBytes bytes = buffer.Bytes;
        Assert.That(() => bytes.Slice(start, length), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [TestCase(-1, 0)]
    [TestCase(5, 0)]
    [TestCase(0, 5)]
    [TestCase(4, 1)]
    [TestCase(1 << 30, 0)]
    [TestCase(1 << 30, 1)]
    [TestCase(0, 1 << 30)]
    [TestCase(1, (1 << 30) + 1)]
    [TestCase(-(1 << 30), 4)]
    [TestCase(int.MinValue, 4)]
    public void A_run_of_elements_that_does_not_lie_within_is_refused(int start, int count)
    {
        using var buffer = new NativeBuffer(16);
        var elements = new TypedBytes(ElementType.F32, buffer.Bytes);
        Assert.That(() => elements.Slice(start, count), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Elements_are_counted_in_their_size()
    {
        using var buffer = new NativeBuffer(16);
        Assert.That(new TypedBytes(ElementType.F8E4M3, buffer.Bytes).Count, Is.EqualTo(16));
        Assert.That(new TypedBytes(ElementType.BF16, buffer.Bytes).Count, Is.EqualTo(8));
        TypedBytes part = new TypedBytes(ElementType.F64, buffer.Bytes).Slice(1, 1);
        Assert.That(part.Count, Is.EqualTo(1));
        Assert.That(part.Type, Is.EqualTo(ElementType.F64));
        Assert.That(part.Bytes.Address, Is.EqualTo(buffer.Bytes.Address + 8));
    }
}
