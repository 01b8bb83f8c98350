using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Merging;
using DemEngine.Numerics;
using DemEngine.Synthesis;

namespace DemEngine.Demonstration;

/// <summary>The models that the demonstration merges: a base and three as if fine-tuned, 38 MB each.</summary>
internal static class DemoFamily
{
    public const string Base = "base";

    /// <summary>Of data in a shard, so that even these models have several.</summary>
    public const long ShardBytes = 10_000_000;

    private static readonly LlamaShape Shape = new("dem-demo", 512, 1408, 5, 8, 4, 4000);

    /// <summary>The tuned models. The last one goes on from the first, so that the two lie in similar directions.</summary>
    public static IReadOnlyList<DemoSource> Sources { get; } =
    [
        new("math", Base, Seed: 1, Scale: 1e-3, Weight: 0.6),
        new("code", Base, Seed: 2, Scale: 2e-3, Weight: 0.3),
        new("math-chat", "math", Seed: 3, Scale: 1e-3, Weight: 0.25),
    ];

    /// <summary>Makes what is not there yet.</summary>
    public static void Make(string folder, IMergeBackend backend, RunOptions run, Action<string> report, CancellationToken cancel)
    {
        Make(Path.Combine(folder, Base), SynthPlanner.PlanBase(Shape, ElementType.BF16, 0, ShardBytes), backend, run, report, cancel);
        foreach (DemoSource source in Sources)
        {
            using Checkpoint from = Checkpoint.Open(Path.Combine(folder, source.From), run.Io);
            OutputPlan plan = SynthPlanner.PlanTuned(from, null, source.Seed, source.Scale, ShardBytes);
            Make(Path.Combine(folder, source.Name), plan, backend, run, report, cancel);
        }
    }

    private static void Make(string path, OutputPlan plan, IMergeBackend backend, RunOptions run, Action<string> report, CancellationToken cancel)
    {
        if (IsMade(path, plan))
            return;
        report($"making {path}");
        OutputRun.Execute(plan, path, backend, run with { Overwrite = true, Unfinished = UnfinishedRun.Restart }, null, cancel);
    }

    /// <summary>Whether an earlier demonstration made the same.</summary>
    private static bool IsMade(string path, OutputPlan plan)
    {
        if (!File.Exists(Path.Combine(path, Manifest.FileName)))
            return false;
        Manifest manifest = Manifest.Read(path);
        return manifest.Engine == Manifest.ThisEngine && manifest.Recipe == plan.Recipe && manifest.Inputs.SequenceEqual(plan.Inputs);
    }
}

/// <summary>One of the tuned models.</summary>
/// <param name="Name">Of its folder.</param>
/// <param name="From">What it is as if tuned from.</param>
/// <param name="Seed">Of the differences.</param>
/// <param name="Scale">Their standard deviation.</param>
/// <param name="Weight">In the merge.</param>
internal sealed record DemoSource(string Name, string From, long Seed, double Scale, double Weight);
