using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Numerics.Simd;

namespace DemEngine.Tests.Merging;

/// <summary>Of the methods that measure in several passes, or row by row, too, nothing shows how an output was made.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class SameBytesOfMethodsTests
{
    private const int Leaf = ContentHash.LeafBytes;
    private const long ShardBytes = 900_000;

    private static readonly Dictionary<string, string> Recipes = new()
    {
        ["ties"] = Recipe("ties", "weight: 0.7, density: 0.3"),
        ["dare_ties"] = Recipe("dare_ties", "weight: 0.7, density: 0.3"),
        ["breadcrumbs"] = Recipe("breadcrumbs", "weight: 0.7, density: 0.5, gamma: 0.1, rescale: true"),
        ["della"] = Recipe("della", "weight: 0.7, density: 0.4"),
        ["sce"] = Recipe("sce", "select_topk: 0.3"),
        ["ramplus_tl"] = Recipe("ramplus_tl", "epsilon: 0.0003"),
        ["model_stock"] = Recipe("model_stock", "filter_wise: true"),
        ["nuslerp"] = Recipe("nuslerp", "weight: 0.4, nuslerp_flatten: false", vector: false),
        ["nuslerp-columns"] = Recipe("nuslerp", "weight: 0.4, nuslerp_flatten: false, nuslerp_row_wise: true", vector: false),
        ["arcee_fusion"] = "merge_method: arcee_fusion\nbase_model: base\nmodels: [{model: a}]",
    };

    private readonly Dictionary<string, SortedDictionary<string, byte[]>> _first = [];
    private AwkwardFamily _family = null!;

    private static IEnumerable<string> Methods => Recipes.Keys;

    [OneTimeSetUp]
    public void WriteTheFamily() => _family = new AwkwardFamily();

    [OneTimeTearDown]
    public void DeleteTheFamily() => _family.Dispose();

    [Test, Pairwise]
    public void Files_do_not_show_how_they_were_made(
        [ValueSource(nameof(Methods))] string method,
        [Values(1, 2, 5)] int threads,
        [Values(1, 3 * Leaf, 1 << 20)] int tileBytes,
        [Values] IoMode io,
        [Values] VectorWidth width)
    {
        var options = new RunOptions { Threads = threads, TileBytes = tileBytes, Io = io, MaxShardBytes = ShardBytes, Overwrite = true };
        _family.Folder.Merge(Recipes[method], method, options, backend: new CpuBackend(width));
        AssertAsEver(method, method);
    }

    [Test]
    public void Files_do_not_show_that_a_run_was_resumed([ValueSource(nameof(Methods))] string method)
    {
        string output = $"{method}-resumed";
        var options = new RunOptions { Threads = 2, TileBytes = Leaf, MaxShardBytes = ShardBytes, Overwrite = true };
        using var cancel = new CancellationTokenSource();
        int done = 0;
        Assert.That(
            () => _family.Folder.Merge(
                Recipes[method], output, options, progress: _ => { if (Interlocked.Increment(ref done) == 9) cancel.Cancel(); }, cancel: cancel.Token),
            Throws.InstanceOf<OperationCanceledException>());
        _family.Folder.Merge(Recipes[method], output, options with { Unfinished = UnfinishedRun.Resume, TileBytes = 3 * Leaf, Io = IoMode.Pread });
        AssertAsEver(method, output);
    }

    [Test]
    public void Progress_ends_at_the_planned_total([ValueSource(nameof(Methods))] string method)
    {
        long most = 0, total = 0;
        _family.Folder.Merge(Recipes[method], "progress", new RunOptions { Overwrite = true, Threads = 1 }, progress: at =>
        {
            most = Math.Max(most, at.BytesDone);
            total = at.BytesTotal;
        });
        Assert.That(most, Is.EqualTo(total).And.GreaterThan(0));
    }

    private static string Recipe(string method, string parameters, bool vector = true) =>
        $"merge_method: {method}\nbase_model: base\nparameters: {{{parameters}}}\nmodels:\n  - model: a\n  - model: b\n" + (vector ? "  - vector: delta\n" : "");

    private void AssertAsEver(string method, string output)
    {
        SortedDictionary<string, byte[]> files = _family.Folder.Files(output);
        SortedDictionary<string, byte[]> first = _first.TryGetValue(method, out var earlier) ? earlier : _first[method] = files;
        Assert.That(files.Keys, Is.EqualTo(first.Keys));
        foreach (var (name, bytes) in files)
            Assert.That(bytes.AsSpan().SequenceEqual(first[name]), name);
    }
}
