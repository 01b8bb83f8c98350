using DemEngine.Analysis;
using DemEngine.Backends;
using DemEngine.Errors;
using DemEngine.Files;
using DemEngine.Lab.Experiment.Running;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Recipes;

namespace DemEngine.Lab.Demonstration;

/// <summary>Results of <see cref="Demo"/>.</summary>
/// <param name="Folder">Folder that contains everything.</param>
/// <param name="Experiment">Results and files of the experiment.</param>
/// <param name="Merged">Folder of the merged model, with the coefficients that the experiment found.</param>
/// <param name="Merge">Report of the merge.</param>
/// <param name="Verified">Number of tensors of the merged model that agree with its manifest.</param>
public sealed record DemoReport(string Folder, ExperimentReport Experiment, string Merged, RunReport Merge, int Verified);

/// <summary>
/// Demonstrates DEM in four scenes and less than half a minute: <see cref="ExperimentPreset.Demo"/> with models that were trained
/// beforehand.
/// Coefficients are searched, candidates merged and all of it evaluated on the spot; then the best merge is written and verified.
/// </summary>
public static class Demo
{
    private const string Mark = ".dem-demo";
    private const string ExperimentName = "experiment";
    private const string MergedName = "merged";

    /// <summary>Runs the demonstration.</summary>
    /// <param name="folder">Path of the folder to create, or of an earlier demonstration, which is replaced.</param>
    /// <param name="models">
    /// Function that opens the preset's trained models: <c>NAME.safetensors</c>, and <c>NAME.json</c> with the report of the
    /// training.
    /// </param>
    /// <param name="backend">Backend that computes the merges.</param>
    /// <param name="run">Run options.</param>
    /// <param name="progress">Progress callback.</param>
    /// <param name="cancel">Token that stops the demonstration.</param>
    /// <exception cref="DemException">
    /// DEM1003 (OutputNotOurs), DEM1008 (OutputBusy): the folder was not made by this command or is in use. The experiment, the
    /// merge and the verification may throw their own errors.
    /// </exception>
    public static DemoReport Run(
        string folder,
        Func<string, Stream?> models,
        IMergeBackend backend,
        RunOptions run,
        Action<ExperimentProgress>? progress,
        CancellationToken cancel)
    {
        using ClaimedFolder claimed = ClaimedFolder.Claim(
            folder, Mark, "`dem demo` made this folder and replaces what is in it. It can be deleted at any time.\n");
        string experiment = Path.Combine(claimed.Path, ExperimentName);
        Discard(experiment);
        ExperimentReport found = ExperimentRun.Run(
            experiment,
            ExperimentPreset.Demo,
            new TrainedModels(models),
            backend,
            run.Threads,
            progress,
            cancel,
            $"dem demo --dir {ShellWord.Of(claimed.Path)}");

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
