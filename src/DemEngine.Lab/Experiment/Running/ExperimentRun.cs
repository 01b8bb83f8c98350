using System.Collections.Immutable;
using DemEngine.Analysis;
using DemEngine.Backends;
using DemEngine.Errors;
using DemEngine.Evaluation;
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
/// Compares DEM (https://arxiv.org/abs/2406.15570) with data mixing end to end, on data that the project generates itself: a
/// family of models as it is built, and what each of the two costs and keeps as the family changes.
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
        ImmutableArray<FamilyEvent> events = FamilyEvent.Of(preset);
        FamilyTraining[] trainings = [.. preset.Seeds.Select(seed => new FamilyTraining(folder, preset, seed))];
        int KindsOf(int run) => run == 0 ? preset.Effort.MostShares : preset.Effort.Shares;
        int searches = events.Where(one => one.NeedsSearch).Sum(one => one.Users.Length)
            + (preset.Effort.LayerGroups > 1 ? 3 : 2) + (preset.Lacking is null ? 0 : 1);
        int stages = trainings.Select((training, k) => training.Count(KindsOf(k), events) + searches).Sum();
        var meter = new ExperimentMeter(stages, progress);
        var models = new TrainingStages(folder, tuner, threads, meter);
        using IModelEvaluator tester = models.CreateEvaluator(
            preset.Model,
            preset.Judged.Select(source => new MeasuredSet(
                DataSetReader.Read(source.Name, folder.Test(source).Path, ByteTokenizer.Instance, preset.Model),
                [Metric.Loss, Metric.ExactMatch])));
        SeedRun[] runs =
        [
            .. preset.Seeds.Select((seed, k) => new SeedRun(
                folder, preset, trainings[k], models, meter, tester, backend, threads, seed, cancel)),
        ];

        // Models of one kind are trained together for all seeds, so that no thread is idle for long.
        models.Train(trainings.Select(training => training.Start()), cancel);
        BaseGate.Check(runs);
        bool hasImproved = events.Any(one => one.IsImproved);
        models.Train(
            trainings.SelectMany((training, k) => training.Tuned(hasImproved)
                .Concat(FamilyMixtures.FromBase(training, preset, events, runs[k], KindsOf(k)))),
            cancel);
        if (preset.Effort.WithContinued)
        {
            // Each continues from the one before; the users' weightings and the improvement both from what was there before them.
            foreach (ImmutableArray<FamilyEvent> together in new[] { events[1..2], events[2..3], events[3..] })
            {
                models.Train(
                    trainings.SelectMany(training => together.SelectMany(one =>
                        FamilyMixtures.Continued(training, preset, events, one))),
                    cancel);
            }
        }

        Findings main = MethodComparison.MainTable(preset);
        Findings? lacking = MethodComparison.LackingTable(preset);
        ImmutableArray<Findings> life = FamilyLife.Tables(preset, events);
        ImmutableArray<CoefficientCurve> curves = [];
        for (int k = 0; k < runs.Length; k++)
        {
            var methods = new MethodComparison(runs[k], main, lacking);
            ImmutableArray<CoefficientCurve> measured = methods.Run(KindsOf(k), withCurves: k == 0);
            curves = k == 0 ? measured : curves;
            new FamilyLife(runs[k], events, life).Run();
        }

        long first = preset.Seeds[0];
        LayerDistances distances = DistanceMeasurement.Run(
            models[first, FamilyTraining.Base].Path,
            [.. preset.Tuned.Select(source => models[first, source.Name].Path)],
            new AlignmentOptions(),
            new RunOptions { Threads = threads },
            backend,
            null,
            cancel);
        var results = new ExperimentResults(
            preset.Name,
            command ?? $"dem experiment --preset {preset.Name} --out {ShellWord.Of(output)}",
            Describe(preset.Model),
            preset.Model.ActiveParameters,
            preset.Seeds,
            [.. preset.Judged.Select(source => new SourceSummary(
                source.Name,
                source.Description,
                RoleOf(preset, source),
                source == preset.Lacking ? preset.Exercises.Lacking : preset.Tuned.Contains(source) ? preset.Exercises.Train : 0,
                preset.Tuned.Contains(source) ? preset.Exercises.Validation : 0,
                preset.Exercises.Test))],
            lacking is null ? [main.ToTable()] : [main.ToTable(), lacking.ToTable()],
            [.. life.Select(table => table.ToTable())],
            VectorGeometry.From(distances, [.. preset.Tuned.Select(source => source.Name)]),
            SourceMaps.Make([.. preset.Tuned.Concat(preset.Kept)], first),
            curves);
        string file = folder.PathOf(ResultsFile.FileName);
        string page = folder.PathOf(HtmlReport.FileName);
        ResultsFile.Write(file, results);
        ReportFile.Write(page, HtmlReport.Write(results));
        FigureFiles.Write(output, results);
        return new ExperimentReport(results, file, page, folder.Recipe(first));
    }

    private static string RoleOf(ExperimentPreset preset, TextSource source) =>
        source.Name == preset.Withdrawn ? "of the family, withdrawn later"
        : source.Name == preset.Improved && preset.WrongShare > 0 ? "of the family, its data improved later"
        : preset.Sources.Contains(source) ? "of the family"
        : source == preset.Added ? "added later"
        : source == preset.Conflict ? $"conflicts with {preset.Sources[0].Name}"
        : source == preset.Lacking ? "a skill that the base lacks"
        : preset.Kept.Contains(source) ? "kept: the base can do it, and nobody tunes for it"
        : "the other custom, in the base’s data alone";

    private static string Describe(LlamaConfig model) =>
        (model.Experts > 0
            ? $"Mixtral decoders of {model.Experts} experts, of which a token passes through {model.ExpertsPerToken},"
            : "Llama decoders")
        + $" of {model.Layers} layers, width {model.HiddenSize}, {model.AttentionHeads} heads, on bytes";
}
