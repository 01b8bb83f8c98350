using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Numerics;

namespace DemEngine.Tests.Merging;

/// <summary>Outputs that are written past the page cache are those that are written through it.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class WriteBehindTests
{
    private const string Recipe = "merge_method: linear\nmodels:\n  - {model: a, parameters: {weight: 1}}";
    private const long Behind = 8 << 20;

    [Test]
    public void All_parts_come_to_their_places_whatever_their_lengths(
        [Values(1, 3)] int threads, [Values(WriteBehind.LeastBytes, 64 << 20)] long memory)
    {
        using var folder = new TempFolder();
        int[] lengths = [100, 65_536, 1, 1_048_576, 70_001, 3_000_000, 4096, 81_920, 12_345, 5_000_000, 2_000_001];
        var layout = ShardLayout.Plan(
            lengths.Select((length, k) => new TensorSpec($"t{k}", ElementType.U8, new TensorShape(length))), 1_100_000);
        Assert.That(layout.Shards.Length, Is.GreaterThan(2));
        byte[][] bytes = [.. lengths.Select((length, k) => Bytes(length, k))];
        using (var shards = new OpenShards(1000, memory))
        {
            var writer = new ShardWriter(folder.Path, layout, shards);
            (PlacedTensor Place, int Offset)[] parts =
            [
                .. layout.Tensors.SelectMany(place => Enumerable.Range(0, (lengths[TensorOf(place)] + 99_999) / 100_000)
                    .Select(k => (place, k * 100_000))),
            ];
            Random.Shared.Shuffle(parts);
            Parallel.ForEach(parts, new ParallelOptions { MaxDegreeOfParallelism = threads }, part =>
            {
                byte[] whole = bytes[TensorOf(part.Place)];
                writer.Write(part.Place, part.Offset, whole.AsSpan(part.Offset, Math.Min(100_000, whole.Length - part.Offset)));
            });
            writer.Finish();
        }

        foreach (PlacedTensor place in layout.Tensors)
        {
            byte[] file = File.ReadAllBytes(folder.PathOf(layout.Shards[place.Shard].FileName));
            Assert.That(file, Has.Length.EqualTo(layout.Shards[place.Shard].Length));
            byte[] expected = bytes[TensorOf(place)];
            Assert.That(file.AsSpan((int)place.Offset, expected.Length).SequenceEqual(expected), place.Spec.Name);
        }
    }

    [Test]
    public void A_merge_has_the_same_files_however_they_are_read_and_written([Values(1, 3)] int threads)
    {
        using var folder = new ModelFolder();
        folder.Model(
            "a",
            TestCheckpoint.Tensor("odd", ElementType.BF16, [300_001], Bytes(600_002, 1, of: 0x3F)),
            TestCheckpoint.Tensor("matrix", ElementType.F32, [700, 300], Bytes(840_000, 2, of: 0x3F)),
            TestCheckpoint.Tensor("small", ElementType.F32, [5], Bytes(20, 3, of: 0x3F)));
        foreach (IoMode io in Enum.GetValues<IoMode>())
        {
            folder.Merge(
                Recipe,
                $"{io}",
                options: new RunOptions { Io = io, PageCacheBytes = 0, Threads = threads, MaxShardBytes = 800_000 });
            foreach (var (name, bytes) in folder.Files("Mmap"))
                Assert.That(folder.Files($"{io}")[name].AsSpan().SequenceEqual(bytes), $"{io}: {name}");
        }
    }

    [Test]
    public void A_single_file_is_the_same_however_it_is_written([Values(1, 3)] int threads)
    {
        using var folder = new ModelFolder();
        folder.Model(
            "a",
            TestCheckpoint.Tensor("odd", ElementType.BF16, [900_001], Bytes(1_800_002, 1, of: 0x3F)),
            TestCheckpoint.Tensor("small", ElementType.F32, [5], Bytes(20, 3, of: 0x3F)));
        foreach (IoMode io in Enum.GetValues<IoMode>())
        {
            var options = new RunOptions { Io = io, PageCacheBytes = 0, Threads = threads };
            using var plan = folder.Plan(Recipe, options);
            SingleFileRun.Execute(
                plan.Plan, folder.PathOf($"{io}.safetensors"), new CpuBackend(), options, progress: null, default);
            Assert.That(
                File.ReadAllBytes(folder.PathOf($"{io}.safetensors")).AsSpan()
                    .SequenceEqual(File.ReadAllBytes(folder.PathOf("Mmap.safetensors"))),
                io.ToString());
        }
    }

    [Test, Platform("Linux")]
    public void A_failure_is_told_at_the_end_if_not_before()
    {
        using var folder = new TempFolder();
        string path = folder.PathOf("full");
        File.CreateSymbolicLink(path, "/dev/full");
        using var shards = new OpenShards(1000, Behind);
        shards.Write(path, new byte[48 * 4096], 0);
        Failing.With(ErrorCode.DiskFull, () => shards.Close(path));
    }

    [Test, Platform("Linux")]
    public void After_a_failure_nothing_more_is_taken()
    {
        using var folder = new TempFolder();
        string path = folder.PathOf("full");
        File.CreateSymbolicLink(path, "/dev/full");
        using var shards = new OpenShards(1000, Behind);
        Failing.With(ErrorCode.DiskFull, () =>
        {
            for (int k = 0; k < 1000; k++)
                shards.Write(path, new byte[1 << 20], (long)k << 20);
        });
    }

    [Test, Platform("Linux")]
    public void What_is_not_in_the_page_cache_is_read_and_written_past_it()
    {
        // Temporary files may lie in memory, and what tests are built into is on a disk.
        using var folder = new TempFolder(TestContext.CurrentContext.WorkDirectory);
        string path = folder.PathOf(Checkpoint.SingleFileName);
        Assume.That(
            new DriveInfo(folder.Path).DriveFormat, Is.EqualTo("ext4").Or.EqualTo("xfs").Or.EqualTo("btrfs"), "files that are on a disk");
        var layout = ShardLayout.Plan([new TensorSpec("t", ElementType.U8, new TensorShape(2 << 20))]);
        byte[] bytes = Bytes(2 << 20, 4);
        using (var shards = new OpenShards(1000, Behind))
        {
            var writer = new ShardWriter(folder.Path, layout, shards);
            writer.Write(layout.Tensors[0], 0, bytes);
            writer.Finish();
        }

        Assert.That(IsRead(isAnnounced: true), "the file was written past the page cache");
        Assert.That(IsRead(isAnnounced: true), "and read past it");
        Assert.That(IsRead(isAnnounced: false), Is.False);
        Assert.That(IsRead(isAnnounced: true), Is.False, "now it is in the page cache");

        // Whether the file's bytes come by reading, and not from where the page cache has them.
        bool IsRead(bool isAnnounced)
        {
            using var readers = new ShardReaders(IoMode.Auto, pageCacheBytes: 0);
            using var checkpoint = Checkpoint.Open(folder.Path, readers, new SpecPool());
            using var scratch = new NativeBuffer(bytes.Length);
            if (isAnnounced)
                checkpoint.Tensors[0].WillNeed(1, bytes.Length - 1);
            NativeBytes read = checkpoint.Tensors[0].Read(1, bytes.Length - 1, scratch.Bytes).Bytes;
            Assert.That(read.Span.SequenceEqual(bytes.AsSpan(1)));
            return read.Address == scratch.Bytes.Address;
        }
    }

    [TestCase(1000, WriteBehind.LeastBytes, true)]
    [TestCase(1000, WriteBehind.LeastBytes - 1, false)]
    [TestCase(7, WriteBehind.LeastBytes, false)]
    public void With_little_memory_or_few_files_a_part_is_there_at_once(int files, long memory, bool mayWait)
    {
        using var folder = new TempFolder();
        string path = folder.PathOf("file");
        using var shards = new OpenShards(files, memory);
        shards.Write(path, Bytes(1 << 20, 1), 0);
        if (!mayWait)
            Assert.That(File.ReadAllBytes(path), Is.EqualTo(Bytes(1 << 20, 1)));
        shards.Close(path);
        Assert.That(File.ReadAllBytes(path), Is.EqualTo(Bytes(1 << 20, 1)));
    }

    private static int TensorOf(PlacedTensor place) => int.Parse(place.Spec.Name[1..]);

    /// <summary>Bytes without a pattern, which as floating-point numbers are finite if every other one is as asked.</summary>
    private static byte[] Bytes(int length, int seed, byte? of = null)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        for (int k = 1; of is { } same && k < length; k += 2)
            bytes[k] = same;
        return bytes;
    }
}
