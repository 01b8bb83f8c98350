using System.Collections.Immutable;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Embedded;
using DemEngine.Evaluation.Language;
using DemEngine.Merging.Options;
using DemEngine.Training;
using DemEngine.Training.Evaluation;
using DemEngine.Training.Reports;
using DemEngine.Training.Runs;
using DemEngine.Training.Settings;

namespace DemEngine.Lab.Experiment.Running;

/// <summary>
/// Trains an experiment's models with Torch, each on one thread of the processor. For small models, training several at once is
/// faster than using several threads for one, and the number of threads does not affect the result.
/// </summary>
/// <param name="device">Name of the device; see <see cref="TorchLibrary.Open"/>.</param>
public sealed class TorchFineTuner(string device) : IFineTuner
{
    private const long SaveEvery = 200;

    /// <inheritdoc/>
    public string Description => device == DeviceName.Processor ? "Torch, cpu" : $"Torch, {device}";

    // Torch takes one thread, so that its sums do not depend on the machine's number.
    /// <inheritdoc/>
    public IModelEvaluator CreateEvaluator(LlamaConfig model, ImmutableArray<MeasuredSet> sets, int threads) =>
        model.IsEmbedded
            ? new EmbeddedEvaluator(sets, threads)
            : new TorchEvaluator(sets, DeviceName.Processor, threads: 1);

    /// <inheritdoc/>
    public TuningReport Tune(TuningRequest request, Action<double, string>? progress, CancellationToken cancel)
    {
        TuningSettings settings = request.Settings;
        var options = new TrainingOptions
        {
            Steps = settings.Steps,
            BatchSize = settings.BatchSize,
            LearningRate = settings.LearningRate,
            EvaluateEvery = settings.EvaluateEvery,
            Patience = settings.Patience,
            Seed = request.Seed,
            Device = device,
            Threads = 1,
        };
        TrainingJob job = request.Start is null
            ? TrainingJobs.FromScratch(request.Config, request.Data, request.Validation, null, options)
            : TrainingJobs.FromModel(request.Start, request.Data, request.Validation, null, options);
        using (job.Start)
        {
            TrainingReport report = TrainingRun.Execute(
                job,
                request.Output,
                SaveEvery,
                new RunOptions { Overwrite = true },
                step => progress?.Invoke(Share(step), Text(step)),
                cancel);
            return new TuningReport(report.Steps, report.Positions, report.BestLoss, report.Seconds);
        }
    }

    private static double Share(TrainingProgress step) => (double)Math.Max(0, step.State.Step) / step.Steps;

    private static string Text(TrainingProgress step) =>
        $"step {Math.Max(0, step.State.Step)} of {step.Steps}, "
        + $"best validation loss {step.State.BestLoss:0.000}, {step.TokensPerSecond:0} tokens/s";
}
