using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Tensors;

namespace DemEngine.Merging.Output;

/// <summary>
/// One output of several that are made by one command: when the command is resumed, some are there already and some were never
/// begun.
/// </summary>
internal static class FinishedOutput
{
    /// <summary>Whether a folder has the output of a plan.</summary>
    public static bool IsThere(string folder, OutputPlan plan) =>
        File.Exists(Path.Combine(folder, Manifest.FileName)) && Manifest.Read(folder) is var there
        && there.Recipe == plan.Recipe && there.Inputs.SequenceEqual(plan.Inputs);

    /// <summary>Returns the options of one output. One that an interrupted run had not begun has nothing to resume.</summary>
    public static RunOptions OptionsFor(string folder, RunOptions options) =>
        options.Unfinished == UnfinishedRun.Resume && !Directory.Exists(StagingDirectory.PathFor(folder))
            ? options with { Unfinished = UnfinishedRun.Refuse }
            : options;
}
