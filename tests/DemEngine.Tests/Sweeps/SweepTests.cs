using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Errors;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Numerics;
using DemEngine.Recipes;
using DemEngine.Sweeps;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.Sweeps;

/// <summary>Merges made together are what they are one by one.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class SweepTests
{
    private static readonly Dictionary<string, (string Recipe, string[] Axes, bool IsMeasuredOnce)> Sweeps = new()
    {
        ["sums"] = (Recipe("task_arithmetic", ""), ["models[0].weight=0:1:0.5", "models[2].weight=0.3,0.7"], true),
        ["equal cuts"] = (Recipe("ties", "density: 0.3"), ["models[1].weight=0.2,0.4,0.8"], true),
        ["different cuts"] = (Recipe("ties", "density: 0.3, rescale: true"), ["density=0,0.3,1"], false),
        ["draws"] = (Recipe("dare_linear", "density: 0.5"), ["seed=1,2", "lambda=0.5,1"], false),
        ["ranks"] = (Recipe("della", "density: 0.4"), ["lambda=0.5,1,2", "models[0].weight=-1:1:0.25"], true),
        ["angles"] = ("merge_method: slerp\nbase_model: base\nmodels: [{model: a}]\nparameters: {t: 0.5}", ["t=0.25:0.75:0.25"], true),
        ["together"] = (Recipe("ties", "density: 0.3, scope: layer"), ["models[1].weight=0.2,0.4"], true),
        ["norms together"] = (Recipe("della", "density: 0.4, scope: model"), ["lambda=0.5,1"], true),
        ["some together"] = (Recipe("ties", "density: 0.3, rescale: true, scope: model"), ["density=0.3,0.6", "models[0].weight=0.2,0.4"], false),
        ["sums of adapters"] = (Adapted("task_arithmetic", ""), ["models[0].weight=0:1:0.5", "models[1].weight=0.3,0.7"], true),
        ["equal cuts of adapters"] = (Adapted("ties", "density: 0.3"), ["models[1].weight=0.2,0.4,0.8"], true),
        ["draws of adapters"] = (Adapted("dare_linear", "density: 0.5"), ["seed=1,2"], false),
        ["stages"] = ("name: one\nmerge_method: slerp\nbase_model: base\nmodels: [{model: a}]\nparameters: {t: 0.5}\n---\n"
            + "merge_method: linear\nmodels: [{model: one, parameters: {weight: 1}}, {model: b, parameters: {weight: 1}}]", ["models[0].weight=1,2"], false),
    };

    private AwkwardFamily _family = null!;

    private static IEnumerable<string> Names => Sweeps.Keys;

    [OneTimeSetUp]
    public void WriteTheFamily()
    {
        _family = new AwkwardFamily();
        for (int k = 0; k < 2; k++)
            TestCheckpoint.Write(
                _family.Folder.PathOf($"lora{k}"),
                [
                    Values.Random("model.embed_tokens.lora_down.weight", ElementType.F32, [4, 1000], k, 0.1), Values.Random("model.embed_tokens.lora_up.weight", ElementType.F32, [131, 4], k, 0.1),
                    Values.Random("model.layers.1.tiles.lora_down.weight", ElementType.BF16, [2, 7, 14287], k, 0.1), Values.Random("model.layers.1.tiles.lora_up.weight", ElementType.BF16, [3, 2, 1], k, 0.1),
                ]);
    }

    [OneTimeTearDown]
    public void DeleteTheFamily() => _family.Dispose();

    [Test]
    public void Each_merge_is_as_if_made_alone([ValueSource(nameof(Names))] string name)
    {
        var (recipe, axes, isMeasuredOnce) = Sweeps[name];
        var options = new RunOptions { Threads = 3, TileBytes = 2 * ContentHash.LeafBytes, MaxShardBytes = 900_000, Io = IoMode.Pread };
        SweepReport report = Run(recipe, axes, name, options);
        Assert.That(report.Merges, Has.Count.EqualTo(report.Candidates.Count).And.Count.GreaterThan(1));
        foreach (SweepCandidate candidate in Candidates(recipe, axes))
        {
            RunReport alone = _family.Folder.Merge(candidate.Recipe.ToYaml(), $"alone {name} {candidate.Name}", new RunOptions { MaxShardBytes = 900_000 });
            SortedDictionary<string, byte[]> expected = _family.Folder.Files($"alone {name} {candidate.Name}");
            SortedDictionary<string, byte[]> actual = _family.Folder.Files(Path.Combine(name, candidate.Name));
            Assert.That(actual.Keys, Is.EqualTo(expected.Keys));
            foreach (var (file, bytes) in expected)
                Assert.That(actual[file].AsSpan().SequenceEqual(bytes), $"{candidate.Name}: {file}");
            if (isMeasuredOnce)
                Assert.That(report.Merges[0].BytesRead, Is.EqualTo(alone.BytesRead), "the inputs are read once for all");
        }
    }

    [TestCase(1)]
    [TestCase(20)]
    [TestCase(200)]
    public void Memory_shows_in_nothing(int leaves)
    {
        var (recipe, axes, _) = Sweeps["equal cuts"];
        if (!Directory.Exists(_family.Folder.PathOf("ample")))
            Run(recipe, axes, "ample", new RunOptions());
        Run(recipe, axes, $"scarce {leaves}", new RunOptions { Threads = 2, MaxMemoryBytes = leaves * ContentHash.LeafBytes });
        AssertSame("ample", $"scarce {leaves}");
    }

    [Test]
    public void Cuts_through_all_tensors_are_found_once_for_each_density()
    {
        var (recipe, axes, _) = Sweeps["some together"];
        long One(string[] values) => Run(recipe, values, $"pooled {values.Length} {values[0].Length}", new RunOptions()).Merges[0].BytesRead;
        long made = One(["density=1"]);
        long measured = One(["density=0.3"]) - made;
        Assert.That(measured, Is.Positive);
        Assert.That(One(axes), Is.EqualTo(made + (2 * measured)));
    }

    [Test]
    public void Progress_ends_at_the_total([Values("sums", "equal cuts", "together")] string name)
    {
        long most = 0, total = 0;
        Run(Sweeps[name].Recipe, Sweeps[name].Axes, $"progress {name}", new RunOptions { Threads = 1 }, at =>
        {
            most = Math.Max(most, at.BytesDone);
            total = at.BytesTotal;
        });
        Assert.That(most, Is.EqualTo(total).And.GreaterThan(0));
    }

    [Test]
    public void An_interrupted_sweep_is_resumed()
    {
        var (recipe, axes, _) = Sweeps["equal cuts"];
        Run(recipe, axes, "at once", new RunOptions());
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => Run(
            recipe, axes, "resumed", new RunOptions { Threads = 1 }, at => { if (at.BytesDone > 0.8 * at.BytesTotal) stop.Cancel(); }, stop.Token));
        SweepReport report = Run(recipe, axes, "resumed", new RunOptions { Unfinished = UnfinishedRun.Resume });
        Assert.That(report.Merges.Select(merge => merge.Resumed), Is.All.Positive);
        AssertSame("at once", "resumed");

        // What is there is kept; what is not is made.
        string lost = report.Candidates[1];
        Directory.Delete(_family.Folder.PathOf(Path.Combine("resumed", lost)), recursive: true);
        report = Run(recipe, axes, "resumed", new RunOptions { Unfinished = UnfinishedRun.Resume });
        Assert.That(report.Merges.Select(merge => Path.GetFileName(merge.Output)), Is.EqualTo(new[] { lost }));
        AssertSame("at once", "resumed");
        Assert.That(Run(recipe, axes, "resumed", new RunOptions { Unfinished = UnfinishedRun.Resume }).Merges, Is.Empty);
        Failing.With(ErrorCode.OutputExists, () => Run(recipe, axes, "resumed", new RunOptions()));

        // What is there and damaged is made again.
        string damaged = report.Candidates[0];
        string folder = _family.Folder.PathOf(Path.Combine("resumed", damaged));
        string shard = Directory.GetFiles(folder, "*.safetensors")[0];
        byte[] bytes = File.ReadAllBytes(shard);
        bytes[^1] ^= 1;
        File.WriteAllBytes(shard, bytes);
        report = Run(recipe, axes, "resumed", new RunOptions { Unfinished = UnfinishedRun.Resume });
        Assert.That(report.Merges.Select(merge => Path.GetFileName(merge.Output)), Is.EqualTo(new[] { damaged }));
        AssertSame("at once", "resumed");
    }

    /// <summary>Killed between two: one is published, one was exchanged for an old output that still lies there, one is begun.</summary>
    [Test]
    public void A_sweep_that_was_killed_while_it_published_goes_on()
    {
        var (recipe, axes, _) = Sweeps["equal cuts"];
        Run(recipe, axes, "published", new RunOptions());
        SweepReport report = Run(recipe, axes, "killed", new RunOptions());
        string Member(int k) => _family.Folder.PathOf(Path.Combine("killed", report.Candidates[k]));
        string Left(int k) => StagingDirectory.PathFor(Member(k));
        Directory.CreateDirectory(Left(1));
        File.WriteAllText(Path.Combine(Left(1), "dem-manifest.json"), "of an old output");
        Directory.Move(Member(2), Left(2));
        string message = Failing.With(ErrorCode.UnfinishedRun, () => Run(recipe, axes, "killed", new RunOptions())).Message;
        Assert.That(message, Does.Contain(Path.GetFileName(Left(1))).Or.Contain(Path.GetFileName(Left(2))));

        report = Run(recipe, axes, "killed", new RunOptions { Unfinished = UnfinishedRun.Resume });
        Assert.That(report.Merges.Select(merge => merge.Output), Is.EqualTo(new[] { Member(2) }));
        Assert.That(Directory.Exists(Left(1)), Is.False, "what the exchange left is deleted");
        AssertSame("published", "killed");
    }

    [TestCase("models[0].weight=0.1:0.9:0.1", 9, "models.0.weight-0.9")]
    [TestCase("lambda=0.5,1,2e0", 3, "lambda-2")]
    [TestCase("t=-0.5:0.5:0.3", 4, "t-0.4")]
    [TestCase("t=-1:-0.5:0.5", 2, "t-minus0.5")]
    [TestCase("t=1:1:1", 1, "t-1")]
    [TestCase("t=0:0.50:0.25", 3, "t-0.5")]
    public void Values_are_read(string text, int count, string last)
    {
        var axis = SweepAxis.Parse(text);
        Assert.That(axis.Values, Has.Length.EqualTo(count));
        Assert.That(axis.NameOf(axis.Values[^1]), Is.EqualTo(last));
    }

    [TestCase("models[0].weight=-0.1,0.2 lambda=0.5", "models.0.weight-minus0.1_lambda-0.5")]
    [TestCase("models[0].weight=0.123456789 models[1].weight=0.123456789 models[2].weight=0.123456789 lambda=0.123456789", "merge-0001")]
    public void Names_are_names_on_the_hub(string axes, string first)
    {
        IReadOnlyList<SweepCandidate> candidates = Candidates(Sweeps["sums"].Recipe, axes.Split(' '));
        Assert.That(candidates[0].Name, Is.EqualTo(first));
        foreach (SweepCandidate candidate in candidates)
            Assert.That(candidate.Name, Does.Match(@"^(?!.*(--|\.\.))[A-Za-z0-9][\w.-]{0,94}\w$"));
    }

    [TestCase("weight")]
    [TestCase("weight=")]
    [TestCase("weight=a")]
    [TestCase("weight=1:2")]
    [TestCase("weight=2:1:0.1")]
    [TestCase("weight=1:2:0")]
    [TestCase("weight=1:2:0.1,3")]
    [TestCase("weight=0:1:0.0001")]
    [TestCase("weight=1,1.0")]
    [TestCase("models.0.weight=1")]
    [TestCase("../weight=1")]
    public void What_is_no_axis_is_refused(string text) =>
        Assert.That(Failing.With(ErrorCode.BadArgument, () => SweepAxis.Parse(text)).Message, Does.StartWith(Quoted.Name(text)));

    [TestCase("models[3].weight=1,2")]
    [TestCase("lambda=1,2 lambda=3,4")]
    [TestCase("lambda=0:1:0.01 models[0].weight=0:1:0.01")]
    public void Axes_that_do_not_fit_are_refused(string axes) =>
        Failing.With(ErrorCode.BadArgument, () => Candidates(Sweeps["sums"].Recipe, axes.Split(' ')));

    [Test]
    public void A_parameter_that_the_method_lacks_is_refused() =>
        Failing.With(ErrorCode.UnknownKey, () => Run(Sweeps["sums"].Recipe, ["density=0.1,0.2"], "none", new RunOptions()));

    private static string Recipe(string method, string parameters) =>
        $"merge_method: {method}\nbase_model: base\nparameters: {{{parameters}}}\nmodels:\n"
        + "  - {model: a, parameters: {weight: 0.7}}\n  - {model: b, parameters: {weight: 0.2}}\n  - {vector: delta, parameters: {weight: 0.4}}\n";

    private static string Adapted(string method, string parameters) =>
        $"merge_method: {method}\nbase_model: base\nparameters: {{{parameters}}}\nmodels:\n"
        + "  - {model: base, lora: lora0/model.safetensors, parameters: {weight: 0.7}}\n  - {model: base, lora: lora1/model.safetensors, parameters: {weight: 0.2}}\n"
        + "  - {model: a, lora: lora1/model.safetensors, parameters: {weight: 0.4}}\n";

    private static IReadOnlyList<SweepCandidate> Candidates(string recipe, string[] axes) =>
        Sweep.Candidates(RecipeReader.Parse(recipe, "r.yaml"), [.. axes.Select(SweepAxis.Parse)]);

    private SweepReport Run(
        string recipe, string[] axes, string output, RunOptions options, Action<RunProgress>? progress = null, CancellationToken cancel = default)
    {
        using var cpu = new CpuBackend();
        SweepCandidate[] candidates =
        [
            .. Candidates(recipe, axes).Select(candidate => candidate with { Recipe = RecipeReader.Resolve(candidate.Recipe, _family.Folder.Path) }),
        ];
        return Sweep.Run(candidates, _family.Folder.PathOf(output), new AlignmentOptions(), cpu, options, progress, cancel);
    }

    private void AssertSame(string expected, string actual)
    {
        SortedDictionary<string, byte[]> files = _family.Folder.Files(actual);
        Assert.That(files.Keys, Is.EqualTo(_family.Folder.Files(expected).Keys));
        foreach (var (file, bytes) in _family.Folder.Files(expected))
            Assert.That(files[file].AsSpan().SequenceEqual(bytes), file);
    }
}
