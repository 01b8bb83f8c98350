using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.ScaleOut;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.ScaleOut;

/// <summary>A merge of the models in a folder, cut into parts; each call reads the plan anew, as another machine would.</summary>
internal sealed class PlannedMerge
{
    private readonly ModelFolder _folder;
    private readonly string _output;
    private readonly RunOptions _options;

    public PlannedMerge(ModelFolder folder, string recipe, int parts, string output = "out", RunOptions? options = null, string? plan = null)
    {
        _folder = folder;
        _output = output;
        _options = options ?? new RunOptions { Threads = 2 };
        Plan = folder.PathOf(plan ?? $"{output}.plan");
        string file = folder.PathOf($"{output}.yaml");
        File.WriteAllText(file, recipe);
        PartitionedPlan.Create(file, folder.PathOf(output), parts, new AlignmentOptions(), _options, Plan);
    }

    /// <summary>Path of the plan's file.</summary>
    public string Plan { get; }

    /// <summary>The folder in which the parts are collected.</summary>
    public string Parts => _folder.PathOf($".{_output}.dem-parts");

    public string Staging => _folder.PathOf($".{_output}.dem-unfinished");

    public RunReport Make(int part, IMergeBackend? backend = null, UnfinishedRun unfinished = UnfinishedRun.Refuse, CancellationToken cancel = default, Action<RunProgress>? progress = null) =>
        PartitionedPlan.Read(Plan).RunPart(part, backend ?? new CpuBackend(), _options with { Unfinished = unfinished }, progress, cancel);

    public RunReport Measure(int part, IMergeBackend? backend = null, UnfinishedRun unfinished = UnfinishedRun.Refuse) =>
        PartitionedPlan.Read(Plan).MeasurePart(part, backend ?? new CpuBackend(), _options with { Unfinished = unfinished });

    public void MakeAll()
    {
        for (int part = PartitionedPlan.Read(Plan).Parts.Length - 1; part >= 0; part--)
            Make(part);
    }

    public RunReport Join(CancellationToken cancel = default, Action<RunProgress>? progress = null, NonFinitePolicy nonFinite = NonFinitePolicy.Fail) =>
        PartitionedPlan.Read(Plan).Join(_options with { NonFinite = nonFinite }, progress, cancel);

    public string Part(int part, string file = "") => Path.Combine(Parts, $"part-{part:D5}", file);

    /// <summary>The largest file of tensors that a part wrote.</summary>
    public string Data(int part) => Directory.GetFiles(Part(part), "model*").MaxBy(file => new FileInfo(file).Length)!;

    /// <summary>Checks that the output has the files of another, byte for byte, and that nothing else is left.</summary>
    public void ExpectSame(string reference)
    {
        SortedDictionary<string, byte[]> expected = _folder.Files(reference), files = _folder.Files(_output);
        Assert.That(files.Keys, Is.EqualTo(expected.Keys));
        foreach (var (name, bytes) in files)
            Assert.That(bytes.AsSpan().SequenceEqual(expected[name]), $"{name} differs");
        Assert.That(_folder.Names, Has.None.EqualTo(Path.GetFileName(Parts)).And.None.EqualTo(Path.GetFileName(Staging)));
    }
}
