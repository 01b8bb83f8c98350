using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Shards;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Tests.Checkpoints;

public sealed class ShardReaderTests
{
    private const int Page = 4096;

    [Test]
    public void Every_mode_gives_the_file_s_bytes_at_every_boundary()
    {
        byte[] bytes = SafetensorsText.Pattern((3 * Page) + 5);
        using var folder = new TempFolder();
        string header = SafetensorsText.Header(SafetensorsText.Tensor("t", "U8", $"[{bytes.Length}]", 0, bytes.Length));
        folder.Write(Checkpoint.SingleFileName, SafetensorsText.Build(header, bytes.Length));
        using var mapped = Checkpoint.Open(folder.Path, IoMode.Mmap);
        using var copied = Checkpoint.Open(folder.Path, IoMode.Pread);
        using var direct = Checkpoint.Open(folder.Path, IoMode.Direct);
        using var scratch = new NativeBuffer(bytes.Length);

        int dataStart = (int)mapped.Tensors[0].Offset;
        int[] edges = [0, 1, 7, Page - dataStart, Page, (2 * Page) - dataStart, 2 * Page, bytes.Length];
        int[] ends = [.. edges.SelectMany(edge => new[] { edge - 1, edge, edge + 1 }).Where(end => end >= 0 && end <= bytes.Length).Distinct()];
        foreach (int first in ends)
        {
            foreach (int end in ends.Where(end => end >= first))
            {
                ReadOnlySpan<byte> expected = bytes.AsSpan(first..end);
                ReadOnlySpan<byte> mmap = mapped.Tensors[0].Read(first, end - first, default).Bytes.Span;
                ReadOnlySpan<byte> pread = copied.Tensors[0].Read(first, end - first, scratch.Bytes).Bytes.Span;
                Assert.That(mmap.SequenceEqual(expected) && pread.SequenceEqual(expected), $"{first}..{end}");
                direct.Tensors[0].WillNeed(first, end - first);
                Assert.That(
                    direct.Tensors[0].Read(first, end - first, scratch.Bytes).Bytes.Span.SequenceEqual(expected), $"{first}..{end}");
            }
        }
    }

    [Test]
    public void A_part_outside_the_tensor_is_refused([Values] IoMode io, [Range(0, 5)] int part)
    {
        var (first, count) = new[] { (-1L, 1), (0, 5), (4, 1), (5, 0), (long.MaxValue, 1), (0, -1) }[part];
        using var folder = new TempFolder();
        TestCheckpoint.Write(folder.Path, [TestCheckpoint.Tensor("a", ElementType.F32, [4]), TestCheckpoint.Tensor("b", ElementType.F32, [4])]);
        using var checkpoint = Checkpoint.Open(folder.Path, io);
        using var scratch = new NativeBuffer(64);

        StoredTensor tensor = checkpoint.Find("a")!;
        Assert.That(() => tensor.Read(first, count, scratch.Bytes), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => tensor.WillNeed(first, count), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void A_scratch_too_small_is_refused([Values(IoMode.Pread, IoMode.Direct)] IoMode io)
    {
        using var folder = new TempFolder();
        TestCheckpoint.Write(folder.Path, [TestCheckpoint.Tensor("a", ElementType.F32, [4])]);
        using var checkpoint = Checkpoint.Open(folder.Path, io);
        using var scratch = new NativeBuffer(15);
        Assert.That(() => checkpoint.Tensors[0].Read(0, 4, scratch.Bytes), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Tensors_beyond_4_GiB_and_of_more_than_2_to_the_31_elements_are_read_anywhere([Values] IoMode io)
    {
        Assume.That(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "elsewhere a long file takes as much disk");
        var padding = new TensorSpec("a", ElementType.U8, new TensorShape((4L << 30) + 8));
        var large = new TensorSpec("b", ElementType.BF16, new TensorShape((1L << 31) + 5));
        var layout = ShardLayout.Plan([large, padding], long.MaxValue);
        long largeAt = layout.Tensors[0].Offset;
        using var folder = new TempFolder();
        using (FileStream file = File.Create(folder.PathOf(layout.Shards[0].FileName)))
        {
            file.Write(layout.Shards[0].Header.Span);
            file.SetLength(layout.Shards[0].Length);
            Put(file, largeAt, 0x11);
            Put(file, largeAt + (2L * int.MaxValue), 0x22);
            Put(file, largeAt + large.ByteLength - 2, 0x33);
            Put(file, layout.Shards[0].Length - 1, 0x44);
        }

        using var checkpoint = Checkpoint.Open(folder.Path, io);
        using var scratch = new NativeBuffer(Page);
        byte[] Read(string name, long first, int count) => checkpoint.Find(name)!.Read(first, count, scratch.Bytes).Bytes.Span.ToArray();
        Assert.Multiple(() =>
        {
            Assert.That(layout.Tensors[1].Offset, Is.GreaterThan(4L << 30));
            Assert.That(Read("b", 0, 2), Is.EqualTo(new byte[] { 0x11, 0, 0, 0 }));
            Assert.That(Read("b", int.MaxValue - 1L, 3), Is.EqualTo(new byte[] { 0, 0, 0x22, 0, 0, 0 }));
            Assert.That(Read("b", large.Shape.ElementCount - 2, 2), Is.EqualTo(new byte[] { 0, 0, 0x33, 0 }));
            Assert.That(Read("a", 0, 1), Is.EqualTo(new byte[] { 0 }));
            Assert.That(Read("a", padding.ByteLength - 2, 2), Is.EqualTo(new byte[] { 0, 0x44 }));
            Assert.That(() => Read("b", 0, int.MaxValue), Throws.InstanceOf<OverflowException>(), "a part of 2 GiB and more");
            Assert.That(() => checkpoint.Find("b")!.WillNeed(large.Shape.ElementCount - 9, 9), Throws.Nothing);
        });
    }

    [Test]
    public void A_file_cut_while_it_is_open_is_an_error_by_pread([Values(IoMode.Pread, IoMode.Direct)] IoMode io)
    {
        using var folder = new TempFolder();
        TestCheckpoint.Write(folder.Path, [TestCheckpoint.Tensor("a", ElementType.U8, [3 * Page])]);
        using var checkpoint = Checkpoint.Open(folder.Path, io);
        using var scratch = new NativeBuffer(3 * Page);
        Change(checkpoint.Files[0], file => file.SetLength(2 * Page));

        if (io == IoMode.Pread)
            Assert.That(() => checkpoint.Tensors[0].Read(0, Page, scratch.Bytes), Throws.Nothing, "what is left can be read");
        DemException error = Assert.Throws<DemException>(() => checkpoint.Tensors[0].Read(0, 3 * Page, scratch.Bytes))!;
        Assert.That(error.Code, Is.EqualTo(ErrorCode.InputChanged));
        Assert.That(error.Message, Does.Contain(checkpoint.Files[0]));
    }

    [Test]
    public void An_unchanged_file_passes([Values] IoMode io)
    {
        using var folder = new TempFolder();
        TestCheckpoint.Write(folder.Path, [TestCheckpoint.Tensor("a", ElementType.U8, [4]), TestCheckpoint.Tensor("b", ElementType.U8, [4])], 4);
        using var checkpoint = Checkpoint.Open(folder.Path, io);
        Assert.That(checkpoint.CheckUnchanged, Throws.Nothing);
        Assert.That(checkpoint.CheckUnchanged, Throws.Nothing, "looking changes nothing");
    }

    [Test]
    public void A_changed_file_is_noticed(
        [Values] IoMode io, [Values] bool byLink, [Values("longer", "shorter", "rewritten", "touched", "deleted", "replaced")] string change)
    {
        using var folder = new TempFolder();
        using var elsewhere = new TempFolder();
        TestCheckpoint.Write(folder.Path, [TestCheckpoint.Tensor("a", ElementType.U8, [4]), TestCheckpoint.Tensor("b", ElementType.U8, [4])], 4);
        string file = folder.PathOf("model-00002-of-00002.safetensors");
        if (byLink)
        {
            File.Move(file, elsewhere.PathOf("blob"));
            File.CreateSymbolicLink(file, elsewhere.PathOf("blob"));
            file = elsewhere.PathOf("blob");
        }

        // Clocks of file systems may be coarse.
        File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddMinutes(-1));
        using var checkpoint = Checkpoint.Open(folder.Path, io);
        switch (change)
        {
            case "longer":
                Change(file, stream => stream.SetLength(stream.Length + 1));
                break;
            case "shorter":
                Change(file, stream => stream.SetLength(stream.Length - 1));
                break;
            case "rewritten":
                Change(file, stream => Put(stream, stream.Length - 1, 0xEE));
                break;
            case "touched":
                File.SetLastWriteTimeUtc(file, DateTime.UtcNow);
                break;
            case "deleted":
                File.Delete(file);
                break;
            default:
                File.Copy(file, file + ".new");
                File.SetLastWriteTimeUtc(file + ".new", DateTime.UtcNow);
                File.Move(file + ".new", file, overwrite: true);
                break;
        }

        DemException error = Assert.Throws<DemException>(checkpoint.CheckUnchanged)!;
        Assert.That(error.Code, Is.EqualTo(ErrorCode.InputChanged));
        Assert.That(error.Message, Does.Contain("model-00002-of-00002.safetensors"));
    }

    [Test]
    public void An_empty_shard_can_be_opened_by_every_reader()
    {
        using var folder = new TempFolder();
        string path = folder.Write("x", "");
        using var mapped = new MappedShard(path);
        using var copied = new PreadShard(path);
        Assert.That(mapped.Length, Is.Zero);
        Assert.That(copied.Length, Is.Zero);
        Assert.That(mapped.Read(0, 0, default).Length, Is.Zero);
        Assert.That(copied.Read(0, 0, default).Length, Is.Zero);
        Assert.That(() => mapped.WillNeed(0, 0), Throws.Nothing);
        Assert.That(() => copied.WillNeed(0, 0), Throws.Nothing);
        using var blocks = new DirectBlocks(1 << 20);
        using var direct = new DirectShard(path, blocks);
        Assert.That(direct.Read(0, 0, default).Length, Is.Zero);
        Assert.That(() => direct.WillNeed(0, 0), Throws.Nothing);
    }

    private static void Change(string path, Action<FileStream> change)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        change(file);
    }

    private static void Put(FileStream file, long at, byte value)
    {
        file.Position = at;
        file.WriteByte(value);
    }
}
