using DemEngine.Analysis;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Tensors;

namespace DemEngine.Sweeps;

/// <summary>
/// One output of several that are made by one command. When the command is resumed, some are complete, some were begun, and some
/// were never begun.
/// </summary>
internal static class SweepMember
{
    /// <summary>Finds out how an output is to be made.</summary>
    /// <param name="folder">Path of the output.</param>
    /// <param name="plan">Plan of the output.</param>
    /// <param name="options">Options of the command.</param>
    /// <param name="progress">Progress callback while a complete output is checked.</param>
    /// <param name="cancel">Token that stops the checking.</param>
    /// <returns>The options of this output; null if the command is resumed and the output is complete.</returns>
    public static RunOptions? OptionsFor(
        string folder,
        OutputPlan plan,
        RunOptions options,
        Action<RunProgress>? progress = null,
        CancellationToken cancel = default)
    {
        if (options.Unfinished != UnfinishedRun.Resume)
            return options;
        if (FinishedOutput.IsThere(folder, plan))
        {
            if (IsWhole(folder, options, progress, cancel))
            {
                // A process that died after it had exchanged an old output for this one left the old one there.
                StagingDirectory.Discard(folder);
                return null;
            }

            options = options with { Overwrite = true };
        }

        return Directory.Exists(StagingDirectory.PathFor(folder))
            ? options
            : options with { Unfinished = UnfinishedRun.Refuse };
    }

    private static bool IsWhole(
        string folder, RunOptions options, Action<RunProgress>? progress, CancellationToken cancel)
    {
        try
        {
            return Verification.Run(folder, options, progress, cancel).IsIntact;
        }
        catch (DemException e) when (!e.Code.IsRunFailure)
        {
            return false; // A file is missing or damaged.
        }
    }
}
