using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Numerics;
using DemEngine.Numerics.Simd;

namespace DemEngine.Tests.Merging;

/// <summary>Nothing but the recipe, the inputs and the shard size shows in the output.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class SameBytesTests
{
    private const int Leaf = ContentHash.LeafBytes;
    private const long ShardBytes = 900_000;

    private static readonly Dictionary<string, string> Recipes = new()
    {
        ["dem"] = AwkwardFamily.Dem,
        ["linear"] = AwkwardFamily.Linear,
        ["slerp"] = AwkwardFamily.Slerp,
    };

    private readonly Dictionary<string, SortedDictionary<string, byte[]>> _first = [];
    private AwkwardFamily _family = null!;

    [OneTimeSetUp]
    public void WriteTheFamily() => _family = new AwkwardFamily();

    [OneTimeTearDown]
    public void DeleteTheFamily() => _family.Dispose();

    [Test]
    public void Tensors_are_those_of_a_scalar_computation([Values("dem", "linear", "slerp")] string method, [Values] bool converted)
    {
        string recipe = Recipes[method];
        string output = $"{method}-{converted}";
        _family.Folder.Merge(recipe + (converted ? "\nout_dtype: float16" : ""), output, new RunOptions { MaxShardBytes = ShardBytes });
        foreach (var (tensor, bytes) in _family.Expected(recipe, converted ? ElementType.F16 : null))
        {
            byte[] actual = _family.Folder.Bytes(output, tensor);
            if (!actual.AsSpan().SequenceEqual(bytes))
                Assert.Fail($"{tensor}: the first of {bytes.Length} bytes that differs is {actual.AsSpan().CommonPrefixLength(bytes)}");
        }
    }

    [Test, Pairwise]
    public void Files_do_not_show_how_they_were_made(
        [Values("dem", "linear", "slerp")] string method,
        [Values(1, 2, 3, 7)] int threads,
        [Values(1, 2 * Leaf, 3 * Leaf, 1 << 20)] int tileBytes,
        [Values] IoMode io,
        [Values] VectorWidth width,
        [Values(33L * Leaf, 100L * Leaf, RunOptions.DefaultMaxMemoryBytes)] long memory)
    {
        var options = new RunOptions
        {
            Threads = threads,
            TileBytes = tileBytes,
            Io = io,
            MaxMemoryBytes = io == IoMode.Direct ? 2 * memory : memory,
            MaxShardBytes = ShardBytes,
            Overwrite = true,
        };
        _family.Folder.Merge(Recipes[method], method, options, backend: new CpuBackend(width));
        AssertAsEver(method, method);
    }

    [Test]
    public void Files_do_not_show_that_a_run_was_resumed([Values("dem", "linear", "slerp")] string method, [Values(1, 30, 75)] int percent)
    {
        string output = $"{method}-resumed";
        var options = new RunOptions { Threads = 1 + (percent % 3), TileBytes = Leaf, MaxShardBytes = ShardBytes, Overwrite = true };
        using var cancel = new CancellationTokenSource();
        Assert.That(
            () => _family.Folder.Merge(
                Recipes[method], output, options, progress: at => CancelAfter(at, percent, cancel), cancel: cancel.Token),
            Throws.InstanceOf<OperationCanceledException>());
        _family.Folder.Merge(
            Recipes[method], output, options with { Unfinished = UnfinishedRun.Resume, Threads = 2, TileBytes = 3 * Leaf, Io = IoMode.Pread });
        AssertAsEver(method, output);
    }

    [Test]
    public void The_manifest_has_the_hash_of_every_tensor()
    {
        _family.Folder.Merge(AwkwardFamily.Dem, "hashed");
        var manifest = Manifest.Read(_family.Folder.PathOf("hashed"));
        Assert.That(manifest.Tensors, Has.Count.EqualTo(_family.Expected(AwkwardFamily.Dem).Count));
        foreach (ManifestTensor tensor in manifest.Tensors)
        {
            byte[] bytes = _family.Folder.Bytes("hashed", tensor.Name);
            byte[] leaves = new byte[ContentHash.LeafCount(bytes.Length) * ContentHash.HashBytes];
            ContentHash.HashLeaves(bytes, leaves);
            Assert.That(tensor.Hash, Is.EqualTo(ContentHash.Finish(leaves)), tensor.Name);
        }
    }

    [Test]
    public void Progress_ends_at_the_planned_total([Values("dem", "linear", "slerp")] string method)
    {
        long most = 0, total = 0;
        _family.Folder.Merge(Recipes[method], "progress", new RunOptions { Overwrite = true, Threads = 1 }, progress: at =>
        {
            most = Math.Max(most, at.BytesDone);
            total = at.BytesTotal;
        });
        Assert.That(most, Is.EqualTo(total).And.GreaterThan(0));
    }

    private static void CancelAfter(RunProgress at, int percent, CancellationTokenSource cancel)
    {
        if (at.BytesDone * 100 >= at.BytesTotal * percent)
            cancel.Cancel();
    }

    private void AssertAsEver(string method, string output)
    {
        SortedDictionary<string, byte[]> files = _family.Folder.Files(output);
        SortedDictionary<string, byte[]> first = _first.TryGetValue(method, out var earlier) ? earlier : _first[method] = files;
        Assert.That(files.Keys, Is.EqualTo(first.Keys));
        foreach (var (name, bytes) in files)
            Assert.That(bytes.AsSpan().SequenceEqual(first[name]), name);
    }
}
