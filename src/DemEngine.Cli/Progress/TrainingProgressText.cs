using DemEngine.Training.Reports;

namespace DemEngine.Cli.Progress;

/// <summary>Formats the progress of training.</summary>
internal static class TrainingProgressText
{
    public static ProgressText<TrainingProgress> Text { get; } = new(
        (progress, _) => Describe(progress), progress => (double)Math.Max(0, progress.State.Step) / progress.Steps);

    /// <summary>Describes the step, the loss, the best validation, the pace and the time left.</summary>
    internal static string Describe(TrainingProgress progress)
    {
        TrainingState state = progress.State;
        string loss = progress.Step.Loss is { } value ? $", loss {value:0.0000}" : "";
        string best = state.BestStep >= 0 ? $", best validation {state.BestLoss:0.0000} at step {state.BestStep}" : "";
        return $"train: step {state.Step} of {progress.Steps}{loss}{best}, {progress.TokensPerSecond:0}"
            + " tokens/s, "
            + $"{RunProgressText.Left(progress.Left)}";
    }
}
