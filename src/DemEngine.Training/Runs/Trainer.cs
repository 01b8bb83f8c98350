using DemEngine.Evaluation.Language;
using DemEngine.Training.Models;
using DemEngine.Training.Reports;
using DemEngine.Training.Settings;

namespace DemEngine.Training.Runs;

/// <summary>
/// Trains models in memory, for programs that train many. <see cref="TrainingRun"/> is for runs that must survive an
/// interruption.
/// </summary>
public static class Trainer
{
    /// <summary>Trains a model.</summary>
    /// <param name="start">Model to start from; it is not changed.</param>
    /// <param name="data">Training data.</param>
    /// <param name="validation">Validation data, which decide which weights are best and when to stop.</param>
    /// <param name="options">Training options.</param>
    /// <param name="progress">Progress callback; called after each step.</param>
    /// <param name="cancel">Token that stops the training between steps.</param>
    /// <returns>The model with the minimum validation loss, which the caller disposes, and the report of the training.</returns>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument), DEM1021 (TorchNotLoaded), DEM1022 (NoTorchDevice); DEM4201 (TrainingDiverged): a loss is not
    /// finite.
    /// </exception>
    public static (TorchModel Model, TrainingReport Report) Train(
        TorchModel start,
        DataSet data,
        DataSet validation,
        TrainingOptions options,
        Action<TrainingProgress>? progress = null,
        CancellationToken cancel = default)
    {
        using var session = new TrainingSession(start, data, validation, options);
        var meter = new ProgressMeter(options.Steps, session.State);
        while (!session.IsFinished)
        {
            cancel.ThrowIfCancellationRequested();
            TrainingStep step = session.Advance();
            progress?.Invoke(meter.At(step, session.State));
        }

        return (session.Best.Copy($"{start.Name}, trained"), session.Report(meter.Seconds));
    }
}
