using System.Collections.Immutable;
using DemEngine.Evaluation;
using DemEngine.Experiment.Running;
using DemEngine.Merging;
using DemEngine.Training.Reports;
using DemEngine.Training.Settings;
#if HAS_TORCHSHARP
using DemEngine.Tokenization;
using DemEngine.Training.Evaluation;
using DemEngine.Training.Experiments;
using DemEngine.Training.Runs;
#endif

namespace DemEngine.Cli;

/// <summary>What needs Torch, in builds that have it and in those that do not.</summary>
internal static class TorchFeatures
{
    /// <summary>What is trained, from which files.</summary>
    /// <param name="Model">The folder of the model to start from, or, from scratch, the configuration.</param>
    /// <param name="FromScratch">Which of the two it is.</param>
    /// <param name="Data">What is learnt.</param>
    /// <param name="Validation">What decides which weights are best.</param>
    public sealed record TrainingFiles(string Model, bool FromScratch, string Data, string Validation);

#if HAS_TORCHSHARP
    /// <summary>Trains a model into a folder.</summary>
    /// <exception cref="DemException">DEM1009: not in this build; and what training says.</exception>
    public static TrainingReport Train(
        TrainingFiles files, TrainingOptions options, string output, long saveEvery, RunOptions run, Action<TrainingProgress>? progress, CancellationToken cancel)
    {
        TrainingJob job = files.FromScratch
            ? TrainingJobs.FromScratch(files.Model, files.Data, files.Validation, new CheckpointTokenizerReader(), options)
            : TrainingJobs.FromModel(files.Model, files.Data, files.Validation, new CheckpointTokenizerReader(), options);
        using (job.Start)
            return TrainingRun.Execute(job, output, saveEvery, run, progress, cancel);
    }

    /// <summary>Opens the evaluator that computes with Torch.</summary>
    /// <exception cref="DemException">DEM1009: not in this build. DEM1021, DEM1022: Torch or the device is not there.</exception>
    public static IModelEvaluator OpenEvaluator(ImmutableArray<MeasuredSet> sets, string device, int threads) => new TorchEvaluator(sets, device, threads);

    /// <summary>Opens what trains the models of an experiment.</summary>
    /// <exception cref="DemException">DEM1009: not in this build.</exception>
    public static IFineTuner OpenTuner(string device) => new TorchFineTuner(device);
#else
    public static TrainingReport Train(
        TrainingFiles files, TrainingOptions options, string output, long saveEvery, RunOptions run, Action<TrainingProgress>? progress, CancellationToken cancel) =>
        throw LeftOut("dem train");

    public static IModelEvaluator OpenEvaluator(ImmutableArray<MeasuredSet> sets, string device, int threads) => throw LeftOut("--evaluator torch");

    public static IFineTuner OpenTuner(string device) => throw LeftOut("dem experiment");

    private static DemException LeftOut(string what) => new(
        ErrorCode.FeatureNotBuilt,
        $"{what} needs TorchSharp, which this build leaves out: the package TorchSharp-cpu, or another that -p:TorchPackage names, was not there");
#endif
}
