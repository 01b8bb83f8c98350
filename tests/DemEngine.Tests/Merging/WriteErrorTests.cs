using DemEngine.Checkpoints;
using DemEngine.Files;
using DemEngine.Merging.Output;
using DemEngine.Numerics;

namespace DemEngine.Tests.Merging;

/// <summary>A full disk, as far as it can be had without one.</summary>
public sealed class WriteErrorTests
{
    [TestCase(28, 4001)]
    [TestCase(122, 4001)]
    [TestCase(unchecked((int)0x8007_0070), 4001)]
    [TestCase(unchecked((int)0x8007_0027), 4001)]
    [TestCase(27, 4012)]
    [TestCase(24, 4013)]
    [TestCase(23, 4013)]
    [TestCase(5, 4002)]
    public void Numbers_of_the_system_are_understood(int number, int code)
    {
        DemException error = WriteError.From(new IOException("no", number), "/some/file");
        Assert.That(error.Code.Number, Is.EqualTo(code));
        Assert.That(error.Message, Does.Contain("/some/file"));
    }

    [Test, Platform("Linux")]
    public void A_device_without_room_is_a_full_disk()
    {
        using var full = File.OpenHandle("/dev/full", FileMode.Open, FileAccess.Write);
        IOException error = Assert.Throws<IOException>(() => RandomAccess.Write(full, [1], 0))!;
        Assert.That(WriteError.From(error, "f").Code, Is.SameAs(ErrorCode.DiskFull));
    }

    [Test]
    public void Room_is_looked_for_before_the_first_byte()
    {
        using var folder = new TempFolder();
        var layout = ShardLayout.Plan([new TensorSpec("t", ElementType.U8, new TensorShape(1L << 58))]);
        using var shards = new OpenShards(1);
        string message = Failing.With(ErrorCode.DiskFull, () => _ = new ShardWriter(folder.Path, layout, shards)).Message;
        Assert.That(message, Does.Contain((1L << 58).ToString()[..10]));
        Assert.That(Directory.EnumerateFileSystemEntries(folder.Path), Is.Empty);
    }
}
