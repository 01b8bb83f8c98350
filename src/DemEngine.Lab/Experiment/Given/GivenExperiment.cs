using System.Collections.Immutable;
using System.Text.Json;
using DemEngine.Analysis;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Embedded;
using DemEngine.Evaluation.Language;
using DemEngine.Files;
using DemEngine.Lab.Experiment.Report;
using DemEngine.Lab.Experiment.Results;
using DemEngine.Lab.Experiment.Running;
using DemEngine.Merging.Options;
using DemEngine.Training.Evaluation;
using DemEngine.Training.Reports;
using DemEngine.Training.Runs;
using DemEngine.Training.Settings;

namespace DemEngine.Lab.Experiment.Given;

/// <summary>
/// The life of a family of models on a user's base and data: built of all sources but the last, which is added; then the first
/// is withdrawn. For each event, merges beside mixtures that are trained again and further, on test data.
/// </summary>
public static class GivenExperiment
{
    private const long SaveEvery = 100;
    private const string Mark = ".dem-experiment";

    /// <summary>Estimates what an experiment costs, and measures how fast this machine is.</summary>
    /// <param name="settings">Settings of the experiment.</param>
    /// <param name="tokenizers">Reader of the model's own tokenizer.</param>
    /// <param name="threads">Number of threads that evaluate.</param>
    /// <param name="cancel">Token that stops the measurement.</param>
    /// <exception cref="DemException">DEM2001 to DEM2116: the base or the data cannot be read. DEM3050, DEM3051.</exception>
    public static GivenEstimate Estimate(
        GivenSettings settings, ITokenizerReader tokenizers, int threads, CancellationToken cancel = default)
    {
        settings.Check();
        return GivenEstimate.Of(settings, new GivenData(settings, tokenizers), threads, cancel);
    }

    /// <summary>Runs an experiment, or goes on with one that was stopped.</summary>
    /// <param name="output">Path of the folder of models, searches, results and report.</param>
    /// <param name="settings">Settings of the experiment.</param>
    /// <param name="tokenizers">Reader of the model's own tokenizer.</param>
    /// <param name="backend">Backend that computes the merges.</param>
    /// <param name="command">Command line that repeats the experiment.</param>
    /// <param name="progress">Progress callback.</param>
    /// <param name="cancel">Token that stops the experiment; what is complete is kept.</param>
    /// <exception cref="DemException">
    /// DEM1003 (OutputNotOurs), DEM1007 (ResumeMismatch), DEM1008 (OutputBusy); DEM3050, DEM3051. Training, merging and
    /// evaluating may throw their own errors.
    /// </exception>
    public static ExperimentReport Run(
        string output,
        GivenSettings settings,
        ITokenizerReader tokenizers,
        IMergeBackend backend,
        string command,
        Action<ExperimentProgress>? progress = null,
        CancellationToken cancel = default)
    {
        settings.Check();
        var data = new GivenData(settings, tokenizers);
        using ClaimedFolder folder = ClaimedFolder.Claim(
            output, Mark, "`dem experiment` works in this folder. It goes on with what is in it.\n");
        string identity = Path.Combine(folder.Path, "settings.txt");
        if (!File.Exists(identity))
            ReportFile.Write(identity, settings.Identity());
        else if (File.ReadAllText(identity) != settings.Identity())
            throw new DemException(
                ErrorCode.ResumeMismatch, $"{identity}: an experiment with other settings was begun in this folder");

        ImmutableArray<GivenModel> models = GivenModel.Of(settings);
        var meter = new ExperimentMeter(models.Length + 2, progress);
        var trained = new Dictionary<string, TrainedModel>(StringComparer.Ordinal);
        foreach (GivenModel model in models)
            trained.Add(model.Name, Train(folder.Path, settings, data, tokenizers, model, trained, meter, cancel));
        var life = new GivenLife(folder.Path, settings, data, trained, backend, meter, cancel);
        (ResultTable table, ImmutableArray<ResultTable> events) = life.Run();

        LayerDistances distances = DistanceMeasurement.Run(
            settings.Base,
            [.. settings.Sources.Select(source => trained[source.Name].Path)],
            new AlignmentOptions(),
            new RunOptions { Threads = settings.Training.Threads },
            backend,
            null,
            cancel);
        var results = new ExperimentResults(
            "large",
            command,
            $"{settings.Base}: {data.Config.Layers} layers of width {data.Config.HiddenSize}",
            data.Config.ActiveParameters,
            [settings.Training.Seed],
            [.. settings.Sources.Select(source => Summary(settings, data, source))],
            [table],
            events,
            VectorGeometry.From(distances, [.. settings.Sources.Select(source => source.Name)]),
            new SourceMap("", [], []),
            []);
        string file = Path.Combine(folder.Path, ResultsFile.FileName), page = Path.Combine(folder.Path, HtmlReport.FileName);
        ResultsFile.Write(file, results);
        ReportFile.Write(page, HtmlReport.Write(results));
        FigureFiles.Write(folder.Path, results);
        return new ExperimentReport(results, file, page, GivenLife.RecipeIn(folder.Path));
    }

    /// <summary>Number of steps between validations: three in a training beside that of the start.</summary>
    internal static long EvaluateEvery(long steps) => Math.Max(1, (steps + 2) / 3);

    /// <summary>Largest number of candidates of a search: a quadratic's coefficients, and as many again.</summary>
    internal static int MostTrials(int sources) => Math.Min(60, 2 * (1 + (2 * sources) + (sources * (sources - 1) / 2)));

    /// <summary>The embedded evaluator, or Torch on a device or where the architecture asks for it.</summary>
    internal static IModelEvaluator Evaluator(
        GivenSettings settings, LlamaConfig config, ImmutableArray<MeasuredSet> sets, int threads) =>
        settings.Training.Device == DeviceName.Processor && config.IsEmbedded
            ? new EmbeddedEvaluator(sets, threads)
            : new TorchEvaluator(sets, settings.Training.Device, threads);

    private static SourceSummary Summary(GivenSettings settings, GivenData data, GivenSource source) => new(
        source.Name,
        source.Train,
        source == settings.Sources[^1] ? "added later"
            : source == settings.Sources[0] ? "of the family, withdrawn later" : "of the family",
        (int)Math.Min(int.MaxValue, settings.Training.Steps * settings.Training.BatchSize),
        data.Validation([source])[0].Data.Examples.Length,
        data.Test([source])[0].Data.Examples.Length);

    private static TrainedModel Train(
        string folder,
        GivenSettings settings,
        GivenData data,
        ITokenizerReader tokenizers,
        GivenModel model,
        Dictionary<string, TrainedModel> trained,
        ExperimentMeter meter,
        CancellationToken cancel)
    {
        string output = Path.Combine(folder, "models", model.Name), record = output + ".json", stage = $"training {model.Name}";
        DataSet validation = data.ValidationOf(model);
        TrainingOptions options = settings.Training with { Steps = model.Steps, EvaluateEvery = EvaluateEvery(model.Steps) };
        TuningReport? report = TrainingStages.Known(record, output);
        if (report is null)
        {
            meter.Report(stage, 0, "");
            Directory.CreateDirectory(Path.GetDirectoryName(output)!);
            GivenSource first = model.Shares[0].Source;
            TrainingJob job = TrainingJobs.FromModel(
                model.From is null ? settings.Base : trained[model.From].Path,
                first.Train,
                first.Validation,
                tokenizers,
                options) with
            {
                Data = data.TrainOf(model, options.BatchSize),
                Validation = validation,
                Dense = !model.IsAdapter,
            };
            ManifestInput[] others =
            [
                .. model.Shares.Skip(1).SelectMany(one => new[]
                {
                    new ManifestInput("data", one.Source.Train, Fingerprint.OfFile(one.Source.Train)),
                    new ManifestInput("validation", one.Source.Validation, Fingerprint.OfFile(one.Source.Validation)),
                }),
            ];
            using (job.Start)
            {
                TrainingReport done = TrainingRun.Execute(
                    job with { Inputs = [.. job.Inputs, .. others] },
                    output,
                    SaveEvery,
                    new RunOptions { Overwrite = true },
                    step => meter.Report(
                        stage,
                        (double)Math.Max(0, step.State.Step) / step.Steps,
                        FormattableString.Invariant($"step {Math.Max(0, step.State.Step)} of {step.Steps}")),
                    cancel);
                report = new TuningReport(done.Steps, done.Positions, done.BestLoss, done.Seconds);
            }

            ReportFile.Write(record, JsonSerializer.Serialize(report, StageJson.Default.TuningReport) + "\n");
        }

        meter.Complete(stage);
        long validations = 1 + ((report.Steps + options.EvaluateEvery - 1) / options.EvaluateEvery);
        return new TrainedModel(
            model.IsAdapter ? $"{settings.Base}+{output}" : output,
            new MethodCost(report.TrainedTokens, validations * GivenData.Tokens(validation), report.Seconds));
    }
}
