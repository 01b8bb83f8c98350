using DemEngine.Memory;

namespace DemEngine.Tests.Memory;

public sealed class NativeBufferTests
{
    [TestCase(0)]
    [TestCase(1)]
    [TestCase(4097)]
    public void A_buffer_is_aligned_and_as_long_as_asked(int length)
    {
        using var buffer = new NativeBuffer(length);
        Assert.That(buffer.Length, Is.EqualTo(length));
        Assert.That(buffer.Bytes.Length, Is.EqualTo(length));
        Assert.That((long)buffer.Bytes.Address % NativeBuffer.Alignment, Is.Zero);
        buffer.Bytes.Span.Fill(7);
        Assert.That(buffer.Bytes.Span.ToArray(), Is.All.EqualTo(7));
    }

    [Test]
    public void A_negative_length_is_refused() =>
        Assert.That(() => new NativeBuffer(-1), Throws.InstanceOf<ArgumentOutOfRangeException>());

    [Test]
    public void A_disposed_buffer_has_no_bytes()
    {
        var buffer = new NativeBuffer(16);
        buffer.Dispose();
        Assert.That(buffer.Dispose, Throws.Nothing);
        Assert.That(() => buffer.Bytes, Throws.InstanceOf<ObjectDisposedException>());
    }
}
