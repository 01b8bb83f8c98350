using DemEngine.Evaluation.Language;
using DemEngine.Training.Models;
using DemEngine.Training.Reports;
using DemEngine.Training.Settings;

namespace DemEngine.Training.Runs;

/// <summary>Trains models in memory, for programs that train many. <see cref="TrainingRun"/> is for runs that must survive an interruption.</summary>
public static class Trainer
{
    /// <summary>Trains a model.</summary>
    /// <param name="start">Where it starts from; stays as it is.</param>
    /// <param name="data">What is learnt.</param>
    /// <param name="validation">What decides which weights are best, and when to stop.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancel">Stops between steps.</param>
    /// <returns>The weights with the least validation loss, the caller's to dispose, and what was done.</returns>
    /// <exception cref="DemException">DEM1001, DEM1021, DEM1022; DEM4201: a loss is not finite.</exception>
    public static (TorchModel Model, TrainingReport Report) Train(
        TorchModel start, DataSet data, DataSet validation, TrainingOptions options,
        Action<TrainingProgress>? progress = null, CancellationToken cancel = default)
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
