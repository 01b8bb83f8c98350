using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Merging;
using DemEngine.Methods;
using DemEngine.Numerics;
using DemEngine.Synthesis;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.Methods;

/// <summary>The recipes that the documentation shows, run on a tiny family of the models that they name.</summary>
public sealed partial class ExampleRecipesTests
{
    private readonly ModelFolder _folder = new();
    private readonly CpuBackend _cpu = new();

    private static IEnumerable<string> Examples => Directory.GetFiles(Folder, "*.yaml").Select(path => Path.GetFileNameWithoutExtension(path)!).Order();

    private static string Folder => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", "..", "docs", "recipes"));

    [OneTimeSetUp]
    public void MakeTheFamily()
    {
        var options = new RunOptions();
        OutputRun.Execute(SynthPlanner.PlanBase(LlamaShape.Find("tiny"), ElementType.BF16, 7, options.MaxShardBytes), _folder.PathOf("models/base"), _cpu, options);
        using var origin = Checkpoint.Open(_folder.PathOf("models/base"));
        string[] named = [.. Examples.SelectMany(example => Paths().Matches(Text(example)).Select(match => match.Value)).Distinct().Except(["models/base"]).Order()];
        foreach (var (path, seed) in named.Select((path, k) => (path, k + 1)))
        {
            string model = path.Replace("vectors/", "models/behind-", StringComparison.Ordinal);
            OutputRun.Execute(SynthPlanner.PlanTuned(origin, null, seed, SynthPlanner.DefaultScale, options.MaxShardBytes), _folder.PathOf(model), _cpu, options);
            if (model != path)
                _folder.Extract(model, path, baseModel: "models/base");
        }
    }

    [OneTimeTearDown]
    public void Dispose()
    {
        _cpu.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void There_is_one_for_each_method() => Assert.That(MergeMethods.All.Select(method => method.Name), Is.SubsetOf(Examples));

    [Test]
    public void It_runs([ValueSource(nameof(Examples))] string example)
    {
        _folder.Merge(Text(example), $"merged-{example}");
        byte[] merged = _folder.Bytes($"merged-{example}", "model.layers.0.mlp.down_proj.weight");
        Assert.That(merged.AsSpan().SequenceEqual(_folder.Bytes("models/base", "model.layers.0.mlp.down_proj.weight")), Is.False, "nothing was merged");
    }

    private static string Text(string example) => File.ReadAllText(Path.Combine(Folder, $"{example}.yaml"));

    private static string ThisFile([CallerFilePath] string path = "") => path;

    [GeneratedRegex(@"(models|vectors)/[\w-]+")]
    private static partial Regex Paths();
}
