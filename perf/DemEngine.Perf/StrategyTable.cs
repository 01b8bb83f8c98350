using System.Globalization;
using System.Text.Json;
using DemEngine.Backends.Cpu;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Embedded;
using DemEngine.Evaluation.Gradients;
using DemEngine.Evaluation.Language;
using DemEngine.Lab.Experiment.Running;
using DemEngine.Lab.Experiment.Sources;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Recipes;
using DemEngine.Search;
using DemEngine.Search.Space;
using DemEngine.Search.Strategies;
using DemEngine.Search.Trials;

namespace DemEngine.Perf;

/// <summary>
/// Counts the evaluations that each strategy needs to come within 1 % of the best objective, on merges of 2, 4, 8 and 16 models
/// tuned from the bases of an experiment. The best is that of the exhaustive grid 0:1:0.1 for 2 and 4 vectors; for more
/// vectors, where no grid can be tried, it is the best of all runs.
/// </summary>
internal static class StrategyTable
{
    private const int Validation = 32;
    private const double Within = 0.01;
    private const int MostTrials = 400;
    private const int MostBayesian = 120;

    private static readonly TextSource[] Sources =
    [
        Skill.Date.First, Skill.Sort.First, Skill.Reverse.First, Skill.Time.First, Skill.Number.First, Skill.List.First,
        Skill.Date.Second, Skill.Time.Second,
    ];

    private static readonly (StrategyKind Kind, int Seeds)[] Strategies =
    [
        (StrategyKind.Random, 3),
        (StrategyKind.CmaEs, 3),
        (StrategyKind.Coordinate, 1),
        (StrategyKind.Bayesian, 3),
        (StrategyKind.Surrogate, 1),
        (StrategyKind.Gradient, 1),
    ];

    /// <summary>Makes the table.</summary>
    /// <param name="experiment">Folder of an experiment whose bases are trained.</param>
    /// <param name="work">Folder for models and trials; what is in it is used again.</param>
    public static void Run(string experiment, string work)
    {
        string[] bases = [.. Directory.GetDirectories(experiment, "seed-*").Select(seed => Path.Combine(seed, "models", "base")).Order()];
        var results = new List<(int Count, string Strategy, int ToBest, int All, double Seconds)>();
        for (int family = 0; family < bases.Length; family++)
        {
            string folder = Path.Combine(work, $"family-{family + 1}");
            string[] models = Tune(bases[family], experiment, folder, family);
            foreach (int count in new[] { 2, 4, 8, 16 })
                Compare(bases[family], models[..count], Path.Combine(folder, $"{count}"), family, results);
        }

        foreach (var rows in results.GroupBy(one => one.Count))
        {
            Console.WriteLine($"{rows.Key} vectors");
            foreach (var row in rows.GroupBy(one => one.Strategy))
            {
                int[] reached = [.. row.Select(one => one.ToBest).Where(count => count > 0).Order()];
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"  {row.Key,-10} within 1 %: {reached.Length} of {row.Count()} runs, after "
                    + $"{(reached.Length == 0 ? "-" : $"{reached[reached.Length / 2]} ({reached[0]} to {reached[^1]})")} evaluations "
                    + $"of {row.Average(one => one.All):0}, {row.Where(one => one.ToBest > 0).Select(one => one.Seconds).DefaultIfEmpty(double.NaN).Average():0.00} s"));
            }
        }
    }

    private static string[] Tune(string start, string experiment, string folder, int family)
    {
        var tuner = new TorchFineTuner("cpu");
        return
        [
            .. Enumerable.Range(0, 2 * Sources.Length).Select(k =>
            {
                TextSource source = Sources[k % Sources.Length];
                string output = Path.Combine(folder, "models", $"{source.Name}-{(k / Sources.Length) + 1}");
                if (Directory.Exists(output))
                    return output;
                long seed = (100 * (family + 1)) + k;
                string data = Write(folder, $"train-{k}", Splits.Draw(source, Split.Train, 2000, seed));
                string valid = Write(folder, $"valid-{k}", Splits.Draw(source, Split.Validation, Validation, seed));
                tuner.Tune(
                    new TuningRequest(
                        start, Path.Combine(experiment, LlamaConfig.FileName), data, valid, output, ExperimentPreset.Small.FineTune, seed),
                    null,
                    default);
                return output;
            }),
        ];
    }

    private static void Compare(
        string start, string[] models, string folder, int family, List<(int, string, int, int, double)> results)
    {
        LlamaConfig config = LlamaConfig.Read(start);
        MeasuredSet[] sets =
        [
            .. Sources.Take(models.Length).Select(source => new MeasuredSet(
                DataSetReader.Read(
                    source.Name,
                    Write(folder, $"valid-{source.Name}", Splits.Draw(source, Split.Validation, Validation, 1000 + family)),
                    ByteTokenizer.Instance,
                    config),
                [Metric.Loss])),
        ];
        var recipe = new Recipe
        {
            MergeMethod = "dem",
            BaseModel = new ModelPath(start),
            Models = [.. models.Select(model => new RecipeModel(new ModelPath(model)))],
        };
        var options = new RunOptions { Threads = Environment.ProcessorCount };
        using var backend = new CpuBackend();
        using var merge = MemoryMerge.Open(recipe, new AlignmentOptions(), backend, options);
        using var evaluator = new EmbeddedEvaluator(sets, options.Threads);
        var map = new CoefficientMap(recipe, merge.TensorNames, new CoefficientOptions());
        IWeightDirections directions = new MergeDirections(recipe, map, new AlignmentOptions(), backend, options, default);

        List<(double Best, double Seconds)> Search(StrategyKind kind, ulong seed, int most)
        {
            string trials = Path.Combine(folder, $"{kind}-{seed}");
            Directory.CreateDirectory(trials);
            using TrialLog log = TrialLog.Open(trials, SearchProblem.Of(
                recipe, map, merge.Inputs, new AlignmentOptions(), SearchProblem.BuiltInJudge(Metric.Loss), sets.Select(set => set.Data)));
            using var runner = new TrialRunner(
                merge, map, evaluator, new Objective(ObjectiveKind.Mean, Metric.Loss), log, backend, options, trials)
            {
                Directions = kind == StrategyKind.Gradient ? directions : null,
            };
            var course = new List<(double, double)>();
            double seconds = 0;
            WeightSearch.Run(kind.Begin(map.Space, seed), map, runner, new SearchBudget(most, null), step =>
            {
                seconds += step.Latest.Seconds;
                course.Add((step.Best!.Objective, seconds));
            }, default);
            return course;
        }

        double best = models.Length <= 4 ? Search(StrategyKind.Grid, 0, int.MaxValue)[^1].Best : double.PositiveInfinity;
        var courses = Strategies.SelectMany(strategy => Enumerable.Range(0, strategy.Seeds).Select(seed => (
            strategy.Kind,
            Course: Search(strategy.Kind, (ulong)seed, strategy.Kind == StrategyKind.Bayesian ? MostBayesian : MostTrials)))).ToArray();
        if (double.IsPositiveInfinity(best))
            best = courses.Min(one => one.Course[^1].Best);
        foreach (var (kind, course) in courses)
        {
            int reached = course.FindIndex(step => step.Best <= best * (1 + Within));
            results.Add((models.Length, kind.ToString(), reached + 1, course.Count, reached < 0 ? double.NaN : course[reached].Seconds));
        }

        Console.WriteLine($"family {family + 1}, {models.Length} vectors: best {best.ToString("0.00000", CultureInfo.InvariantCulture)}");
    }

    private static string Write(string folder, string name, IEnumerable<Exercise> exercises)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, $"{name}.jsonl");
        File.WriteAllLines(path, exercises.Select(exercise => JsonSerializer.Serialize(new { prompt = exercise.Prompt, completion = exercise.Answer })));
        return path;
    }
}
