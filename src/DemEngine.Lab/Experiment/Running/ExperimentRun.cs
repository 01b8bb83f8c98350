using System.Collections.Immutable;
using DemEngine.Analysis;
using DemEngine.Backends;
using DemEngine.Errors;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Embedded;
using DemEngine.Evaluation.Language;
using DemEngine.Files;
using DemEngine.Lab.Experiment.Report;
using DemEngine.Lab.Experiment.Results;
using DemEngine.Lab.Experiment.Sources;
using DemEngine.Merging.Options;

namespace DemEngine.Lab.Experiment.Running;

/// <summary>Results and files of an experiment.</summary>
/// <param name="Results">All results of the experiment.</param>
/// <param name="ResultsFile">Path of the results as JSON.</param>
/// <param name="ReportFile">Path of the report as an HTML page.</param>
/// <param name="RecipeFile">
/// Path of the recipe of the first seed's merge with one coefficient per vector, as <c>dem merge</c> takes it.
/// </param>
public sealed record ExperimentReport(
    ExperimentResults Results,
    string ResultsFile,
    string ReportFile,
    string RecipeFile);

/// <summary>
/// Repeats the comparison of the DEM paper, https://arxiv.org/abs/2406.15570, end to end on data that the project generates
/// itself: fine-tunes, merges with fixed and with searched coefficients, and data mixing, with the cost of each.
/// </summary>
public static class ExperimentRun
{
    /// <summary>
    /// Runs an experiment, or continues it where it was stopped: trained models and trials in the folder are reused.
    /// </summary>
    /// <param name="output">Path of the folder: a new one, or that of the same experiment.</param>
    /// <param name="preset">Preset of the experiment.</param>
    /// <param name="tuner">Trainer of the models; called by several threads at once.</param>
    /// <param name="backend">Backend that computes the merges.</param>
    /// <param name="threads">
    /// Number of models that are trained at once, and of the threads that merge and evaluate. The results do not depend on it.
    /// </param>
    /// <param name="progress">Progress callback.</param>
    /// <param name="cancel">Token that stops the experiment; what is complete is kept.</param>
    /// <param name="command">
    /// Command line that repeats the experiment; null for that of an experiment with the preset in this folder.
    /// </param>
    /// <exception cref="DemException">
    /// DEM1003 (OutputNotOurs), DEM1007 (ResumeMismatch), DEM1008 (OutputBusy): the folder cannot be used. Training, merging and
    /// evaluating may throw their own errors.
    /// </exception>
    public static ExperimentReport Run(
        string output,
        ExperimentPreset preset,
        IFineTuner tuner,
        IMergeBackend backend,
        int threads,
        Action<ExperimentProgress>? progress = null,
        CancellationToken cancel = default,
        string? command = null)
    {
        using ExperimentFolder folder = ExperimentFolder.Open(output, preset);
        int seeds = preset.Seeds.Length;
        var meter = new ExperimentMeter(seeds * (SeedTraining.Count(preset) + SeedMerging.Count), progress);
        var models = new TrainingStages(folder, tuner, threads, meter);
        var tables = new ExperimentTables(preset);
        using var judge = new EmbeddedEvaluator(
            preset.Everything.Select(plan => new MeasuredSet(
                DataSetReader.Read(plan.Name, folder.Test(plan).Path, ByteTokenizer.Instance, preset.Model),
                [Metric.Loss, Metric.ExactMatch])),
            threads);
        SeedTraining[] trainings = [.. preset.Seeds.Select(seed => new SeedTraining(folder, preset, seed))];
        SeedMerging[] mergings =
        [
            .. preset.Seeds.Select((seed, k) => new SeedMerging(
                folder, preset, trainings[k], models, tables, meter, judge, backend, threads, seed, cancel)),
        ];

        // Models of one kind are trained together for all seeds, so that no thread is idle for long.
        models.Train(trainings.Select(training => training.Start()), cancel);
        models.Train(trainings.SelectMany(training => training.Tuned()), cancel);
        ImmutableArray<double>[] losses = [.. mergings.Select(merging => merging.Losses(SeedTraining.Base, preset.Tuned))];
        models.Train(
            trainings.SelectMany((training, k) => training.Mixtures(losses[k][..preset.Sources.Length])), cancel);
        string[] mixtures = [.. mergings.Select(merging => merging.BestMixture())];
        models.Train(trainings.Select((training, k) => training.WithAdded(mixtures[k], losses[k])), cancel);

        ImmutableArray<CoefficientCurve> curves = [];
        for (int k = 0; k < seeds; k++)
        {
            ImmutableArray<CoefficientCurve> measured = mergings[k].Run(mixtures[k], withCurves: k == 0);
            curves = k == 0 ? measured : curves;
        }

        long first = preset.Seeds[0];
        LayerDistances distances = DistanceMeasurement.Run(
            models[first, SeedTraining.Base].Path,
            [.. preset.Tuned.Select(plan => models[first, plan.Name].Path)],
            new AlignmentOptions(),
            new RunOptions { Threads = threads },
            backend,
            null,
            cancel);
        var results = new ExperimentResults(
            preset.Name,
            command ?? $"dem experiment --preset {preset.Name} --out {ShellWord.Of(output)}",
            Describe(preset.Model),
            preset.Model.Parameters,
            preset.Seeds,
            [.. preset.Everything.Select(plan => new SourceSummary(
                plan.Name, plan.Source.Description, plan.Role, plan.TrainExamples, plan.ValidationExamples, plan.TestExamples))],
            tables.ToTables(),
            VectorGeometry.From(distances, [.. preset.Tuned.Select(plan => plan.Name)]),
            SourceMaps.Make([.. preset.Everything.Select(plan => plan.Source)], first),
            curves);
        string file = folder.PathOf(ResultsFile.FileName);
        string page = folder.PathOf(HtmlReport.FileName);
        ResultsFile.Write(file, results);
        ReportFile.Write(page, HtmlReport.Write(results));
        FigureFiles.Write(output, results);
        return new ExperimentReport(results, file, page, folder.Recipe(first));
    }

    private static string Describe(LlamaConfig model) =>
        $"Llama decoders of {model.Layers} layers, width {model.HiddenSize}, {model.AttentionHeads} heads, on bytes";
}
