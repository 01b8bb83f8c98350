using DemEngine.Analysis;
using DemEngine.Backends;
using DemEngine.Files;
using DemEngine.Lab.Experiment.Running;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Recipes;

namespace DemEngine.Lab.Demonstration;

/// <summary>What <see cref="Demo"/> did.</summary>
/// <param name="Folder">Where everything lies.</param>
/// <param name="Experiment">What was compared, searched and found.</param>
/// <param name="Merged">The folder of the model that was merged as found.</param>
/// <param name="Merge">The merge.</param>
/// <param name="Verified">Tensors of it that are as its manifest says.</param>
public sealed record DemoReport(string Folder, ExperimentReport Experiment, string Merged, RunReport Merge, int Verified);

/// <summary>
/// DEM itself at work in less than a minute: <see cref="ExperimentPreset.Demo"/> with the models that it trained once, so that coefficients are
/// searched, candidates merged and all of it judged on the spot, and the best merge written and verified.
/// </summary>
public static class Demo
{
    private const string Mark = ".dem-demo";
    private const string ExperimentName = "experiment";
    private const string MergedName = "merged";

    /// <summary>Demonstrates.</summary>
    /// <param name="folder">Where everything goes; made, or an earlier demonstration's, which is replaced.</param>
    /// <param name="models">Opens the preset's trained models: <c>NAME.safetensors</c>, and <c>NAME.json</c> with what training took.</param>
    /// <param name="backend">What computes.</param>
    /// <param name="run">How.</param>
    /// <param name="progress">Told where it stands.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="DemException">DEM1003, DEM1008: the folder is another's or in use; and what may go wrong in a run.</exception>
    public static DemoReport Run(
        string folder, Func<string, Stream?> models, IMergeBackend backend, RunOptions run, Action<ExperimentProgress>? progress, CancellationToken cancel)
    {
        using ClaimedFolder claimed = ClaimedFolder.Claim(
            folder, Mark, "`dem demo` made this folder and replaces what is in it. It can be deleted at any time.\n");
        string experiment = Path.Combine(claimed.Path, ExperimentName);
        Discard(experiment);
        ExperimentReport found = ExperimentRun.Run(experiment, ExperimentPreset.Demo, new TrainedModels(models), backend, run.Threads, progress, cancel);

        string merged = Path.Combine(claimed.Path, MergedName);
        run = run with { Overwrite = true, Unfinished = UnfinishedRun.Restart };
        using MergePlan plan = MergePlanner.Plan(RecipeReader.ReadFile(found.RecipeFile), new AlignmentOptions(), run);
        RunReport merge = OutputRun.Execute(plan.Plan, merged, backend, run, null, cancel);
        VerifyReport verified = Verification.Run(merged, run, null, cancel);
        verified.ThrowUnlessIntact();
        return new DemoReport(claimed.Path, found, merged, merge, verified.Tensors);
    }

    private static void Discard(string experiment)
    {
        try
        {
            if (Directory.Exists(experiment))
                Directory.Delete(experiment, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw WriteError.From(e, experiment);
        }
    }
}
