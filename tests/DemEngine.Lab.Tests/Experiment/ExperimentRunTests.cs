using System.Text.Json;
using DemEngine.Backends.Cpu;
using DemEngine.Lab.Experiment.Report;
using DemEngine.Lab.Experiment.Results;
using DemEngine.Lab.Experiment.Running;
using DemEngine.Search.Space;
using DemEngine.Tests;

namespace DemEngine.Lab.Tests.Experiment;

public class ExperimentRunTests
{
    private static readonly ExperimentPreset Preset = ExperimentPreset.Tiny with
    {
        Model = ExperimentPreset.Tiny.Model with { HiddenSize = 8, HeadSize = 4, IntermediateSize = 12, Layers = 1 },
        Sources = [.. ExperimentPreset.Tiny.Sources.Select(plan => plan with { TestExamples = 4, ValidationExamples = 3 })],
        Range = CoefficientRange.Of(0, 1, 0.5),
    };

    private TempFolder _folder = null!;
    private NudgingTuner _tuner = null!;
    private ExperimentReport _report = null!;
    private List<ExperimentProgress> _progress = null!;

    [OneTimeSetUp]
    public void Run()
    {
        _folder = new TempFolder();
        _tuner = new NudgingTuner();
        _progress = [];
        _report = Run(_folder.PathOf("whole"), _tuner, Preset, _progress.Add);
    }

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void Every_method_has_a_row_and_every_seed_a_run()
    {
        Assert.That(_report.Results.Tables.Select(table => table.Rows.Select(row => row.Name)), Is.EqualTo(new[]
        {
            new[]
            {
                "base", "tuned on reverse", "tuned on sort", "tuned on date-eu", "tuned on date-us", "tuned on roman", "uniform average",
                "DEM, one coefficient", "DEM, one each", "data mixing, equal shares", "data mixing, searched",
            },
            ["base", "reverse at 0.5", "sort at 0.5", "date-eu at 0.5", "reverse and sort, equal", "reverse and sort, weighted", "three, by grid"],
            ["DEM before", "DEM, vector added", "DEM, all searched again", "mixing before", "mixing, trained again"],
        }));
        foreach (ResultTable table in _report.Results.Tables)
        {
            foreach (MethodResult row in table.Rows)
            {
                Assert.That(row.Runs.Select(run => run.Seed), Is.EqualTo(Preset.Seeds), row.Name);
                Assert.That(row.Runs.Select(run => (run.ExactMatch.Length, run.Loss.Length)), Has.All.EqualTo((table.Columns.Length, table.Columns.Length)), row.Name);
                Assert.That(row.Runs.SelectMany(run => run.Loss), Has.All.InRange(1, 20), row.Name);
            }
        }
    }

    [Test]
    public void Costs_add_up()
    {
        ResultTable main = _report.Results.Tables[0];
        MethodCost Cost(string name) => main.Rows.Single(row => row.Name == name).Runs[0].Cost;
        string[] tuned = [.. main.Rows.Select(row => row.Name).Where(name => name.StartsWith("tuned on"))];
        long steps = Preset.FineTune.Steps;
        Assert.Multiple(() =>
        {
            Assert.That(Cost("base"), Is.EqualTo(default(MethodCost)));
            Assert.That(Cost("tuned on sort").TrainingTokens, Is.EqualTo(100 * steps));
            Assert.That(Cost("uniform average").TrainingTokens, Is.EqualTo(500 * steps));
            Assert.That(Cost("uniform average").EvaluationTokens, Is.EqualTo(tuned.Sum(name => Cost(name).EvaluationTokens)));
            Assert.That(Cost("DEM, one coefficient").TrainingTokens, Is.EqualTo(500 * steps));
            Assert.That(Cost("DEM, one coefficient").EvaluationTokens, Is.EqualTo(Cost("uniform average").EvaluationTokens + (3 * ValidationPositions())));
            Assert.That(Cost("DEM, one each").EvaluationTokens, Is.GreaterThan(Cost("DEM, one coefficient").EvaluationTokens));
            Assert.That(Cost("data mixing, equal shares").TrainingTokens, Is.EqualTo(500 * steps));
            Assert.That(Cost("data mixing, searched").TrainingTokens, Is.EqualTo(3 * 500 * steps));
            Assert.That(Cost("data mixing, searched").Seconds, Is.EqualTo(3 * 5 * 0.25 * steps));
        });

        ResultTable added = _report.Results.Tables[2];
        Assert.That(added.Rows.Single(row => row.Name == "DEM, vector added").Runs[0].Cost.TrainingTokens, Is.EqualTo(100 * steps));
        Assert.That(added.Rows.Single(row => row.Name == "mixing, trained again").Runs[0].Cost.TrainingTokens, Is.EqualTo(600 * steps));
    }

    [Test]
    public void What_is_chosen_is_the_best_on_validation_data()
    {
        CoefficientCurve shared = _report.Results.Curves[0];
        double[] means = [.. shared.Lines[^1].Values];
        Assert.That(shared.Best, Is.EqualTo(shared.Values[Array.IndexOf(means, means.Min())]));
        Assert.That(means, Is.EqualTo(Enumerable.Range(0, means.Length).Select(k => shared.Lines.Take(5).Average(line => line.Values[k]))).Within(1e-12));

        // A coefficient for each begins with the best single one, and can only be better on validation data.
        foreach (CoefficientCurve one in _report.Results.Curves[1..])
            Assert.That(one.Lines[^1].Values[one.Values.IndexOf(one.Best!.Value)], Is.LessThanOrEqualTo(means.Min()));
    }

    [Test]
    public void No_model_is_trained_or_chosen_on_test_prompts()
    {
        HashSet<string> tested = [.. Directory.GetFiles(_folder.PathOf("whole/data/test")).SelectMany(Prompts)];
        Assert.That(tested, Has.Count.GreaterThan(20));
        foreach (TuningRequest request in _tuner.Requests)
        {
            Assert.That(Prompts(request.Data).Where(tested.Contains), Is.Empty, request.Data);
            Assert.That(Prompts(request.Validation).Where(tested.Contains), Is.Empty, request.Validation);
            Assert.That(Prompts(request.Data).Intersect(Prompts(request.Validation)), Is.Empty, request.Data);
        }

        Assert.That(_tuner.Requests.SelectMany(request => Prompts(request.Data)), Has.Some.StartsWith("roman").And.Some.StartsWith("mod "));
    }

    [Test]
    public void Mixtures_have_the_shares_they_should()
    {
        string[] Names(string file) => [.. Prompts(_folder.PathOf($"whole/data/seed-1/train/{file}.jsonl")).Select(prompt => prompt.Split(' ')[0])];
        string[] equal = Names("mixing-equal");
        Assert.That(equal, Has.Length.EqualTo(5 * Preset.FineTune.Steps * Preset.FineTune.BatchSize));
        Assert.That((double)equal.Count(name => name == "roman") / equal.Length, Is.EqualTo(0.2).Within(0.05));
        Assert.That((double)equal.Count(name => name == "date") / equal.Length, Is.EqualTo(0.4).Within(0.06));
        Assert.That(Names("mixing-equal"), Has.None.EqualTo("mod"));
        Assert.That(Directory.GetFiles(_folder.PathOf("whole/data/seed-1/train"), "mixing-six-*").Select(Path.GetFileNameWithoutExtension).SelectMany(name => Names(name!)), Has.Some.EqualTo("mod"));
    }

    [Test]
    public void A_stopped_experiment_goes_on_and_finds_the_same()
    {
        string folder = _folder.PathOf("stopped");
        var tuner = new NudgingTuner { Limit = 5 };
        Assert.That(() => Run(folder, tuner, Preset), Throws.InstanceOf<OperationCanceledException>());
        tuner.Limit = 15;
        Assert.That(() => Run(folder, tuner, Preset), Throws.InstanceOf<OperationCanceledException>());
        tuner.Limit = int.MaxValue;
        ExperimentResults results = Run(folder, tuner, Preset).Results;

        string Model(TuningRequest request) => $"{request.Seed}/{Path.GetFileName(request.Output)}";
        Assert.That(tuner.Requests.Select(Model), Is.EquivalentTo(_tuner.Requests.Select(Model)));
        Assert.That(WithoutTimes(results), Is.EqualTo(WithoutTimes(_report.Results)));

        // Asked for again, nothing is trained again.
        int trained = tuner.Requests.Count;
        Assert.That(WithoutTimes(Run(folder, tuner, Preset).Results), Is.EqualTo(WithoutTimes(results)));
        Assert.That(tuner.Requests, Has.Count.EqualTo(trained));
    }

    [Test]
    public void Another_experiment_s_folder_is_left_alone()
    {
        var other = Preset with { Seeds = [7] };
        Assert.That(Assert.Throws<DemException>(() => Run(_folder.PathOf("whole"), _tuner, other))!.Code, Is.EqualTo(ErrorCode.ResumeMismatch));
        _folder.Write("notes.txt", "mine");
        Assert.That(Assert.Throws<DemException>(() => Run(_folder.Path, _tuner, Preset))!.Code, Is.EqualTo(ErrorCode.OutputNotOurs));
    }

    [Test]
    public void The_report_and_the_results_are_written()
    {
        Assert.That(File.ReadAllText(_report.ReportFile), Is.EqualTo(HtmlReport.Write(ResultsFile.Read(_report.ResultsFile))));
        Assert.That(_report.Results.Geometry.Models, Is.EqualTo(Preset.Tuned.Select(plan => plan.Name)));
        Assert.That(_report.Results.Map.Clouds, Has.Length.EqualTo(7));
    }

    [Test]
    public void Progress_rises_to_the_end()
    {
        Assert.That(_progress.Select(step => step.Share), Is.Ordered);
        Assert.That(_progress[^1].Share, Is.EqualTo(1).Within(1e-9));
        Assert.That(_progress.Select(step => step.Stage), Has.Some.EqualTo("seed 2: training roman"));
    }

    private long ValidationPositions() => Preset.Sources.Sum(plan => File.ReadLines(_folder.PathOf($"whole/data/seed-1/validation/{plan.Name}.jsonl"))
        .Select(line => JsonDocument.Parse(line).RootElement)
        .Sum(line => 1 + line.GetProperty("prompt").GetString()!.Length + line.GetProperty("completion").GetString()!.Length));

    private static ExperimentReport Run(string folder, NudgingTuner tuner, ExperimentPreset preset, Action<ExperimentProgress>? progress = null)
    {
        using var backend = new CpuBackend();
        return ExperimentRun.Run(folder, preset, tuner, backend, threads: 2, progress);
    }

    private static string WithoutTimes(ExperimentResults results) => JsonSerializer.Serialize(
        results with
        {
            Command = "",
            Tables =
            [
                .. results.Tables.Select(table => table with
                {
                    Rows = [.. table.Rows.Select(row => row with { Runs = [.. row.Runs.Select(run => run with { Cost = run.Cost with { Seconds = 0 } })] })],
                }),
            ],
        },
        ResultsJson.Default.ExperimentResults);

    private static IEnumerable<string> Prompts(string file) =>
        File.ReadLines(file).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("prompt").GetString()!);
}
