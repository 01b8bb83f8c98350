using DemEngine.Analysis;
using DemEngine.Backends;
using DemEngine.Evaluation;
using DemEngine.Experiment.Report;
using DemEngine.Experiment.Results;
using DemEngine.Experiment.Sources;
using DemEngine.Language;
using DemEngine.Merging;

namespace DemEngine.Experiment.Running;

/// <summary>What an experiment left behind.</summary>
/// <param name="Results">All that it found.</param>
/// <param name="ResultsFile">The same as JSON.</param>
/// <param name="ReportFile">The page for people.</param>
public sealed record ExperimentReport(ExperimentResults Results, string ResultsFile, string ReportFile);

/// <summary>
/// The comparison of the DEM paper, https://arxiv.org/abs/2406.15570, end to end on data that the project makes itself: fine-tunes, merges with
/// fixed and with searched coefficients, and data mixing, with what each costs.
/// </summary>
public static class ExperimentRun
{
    /// <summary>Runs it, or goes on where it was stopped: trained models and trials in the folder are used again.</summary>
    /// <param name="output">The folder, to be made or of the same experiment.</param>
    /// <param name="preset">What is run.</param>
    /// <param name="tuner">Trains.</param>
    /// <param name="backend">Merges.</param>
    /// <param name="threads">That merge and evaluate.</param>
    /// <param name="progress">Told where it stands.</param>
    /// <param name="cancel">Stops it; what is complete is kept.</param>
    /// <exception cref="DemException">DEM1003, DEM1007, DEM1008: the folder; whatever may go wrong in training, merging and evaluating.</exception>
    public static ExperimentReport Run(
        string output, ExperimentPreset preset, IFineTuner tuner, IMergeBackend backend, int threads,
        Action<ExperimentProgress>? progress = null, CancellationToken cancel = default)
    {
        using ExperimentFolder folder = ExperimentFolder.Open(output, preset);
        var stages = new StageProgress(preset.Seeds.Length * SeedRun.Stages(preset), progress);
        var tables = new ExperimentTables(preset);
        using var judge = new EmbeddedEvaluator(
            preset.Everything.Select(plan => new MeasuredSet(
                DataSetReader.Read(plan.Name, folder.Test(plan).Path, ByteTokenizer.Instance, preset.Model), [Metric.Loss, Metric.ExactMatch])),
            threads);

        SeedModels? first = null;
        foreach (long seed in preset.Seeds)
        {
            var run = new SeedRun(folder, preset, tuner, judge, tables, stages, backend, threads, seed, cancel);
            SeedModels models = run.Run(withCurves: first is null);
            first ??= models;
        }

        LayerDistances distances = DistanceMeasurement.Run(
            first!.Base.Path, [.. first.Tuned.Select(model => model.Path)], new AlignmentOptions(), new RunOptions { Threads = threads }, backend, null, cancel);
        var results = new ExperimentResults(
            preset.Name,
            $"dem experiment --preset {preset.Name} --out DIR",
            Describe(preset.Model),
            preset.Model.Parameters,
            preset.Seeds,
            [.. preset.Everything.Select(plan => new SourceSummary(
                plan.Name, plan.Source.Description, plan.Role, plan.TrainExamples, plan.ValidationExamples, plan.TestExamples))],
            tables.ToTables(),
            VectorGeometry.From(distances, [.. preset.Tuned.Select(plan => plan.Name)]),
            SourceMaps.Make([.. preset.Everything.Select(plan => plan.Source)], preset.Seeds[0]),
            first.Curves);
        string file = folder.PathOf(ResultsFile.FileName);
        string page = folder.PathOf(HtmlReport.FileName);
        ResultsFile.Write(file, results);
        ReportFile.Write(page, HtmlReport.Write(results));
        return new ExperimentReport(results, file, page);
    }

    private static string Describe(LlamaConfig model) =>
        $"Llama decoders of {model.Layers} layers, width {model.HiddenSize}, {model.AttentionHeads} heads, on bytes";
}
