using System.Collections.Immutable;
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
        Model = ExperimentPreset.Tiny.Model with { HiddenSize = 8, HeadSize = 4, IntermediateSize = 12, Layers = 2 },
        Exercises = ExperimentPreset.Tiny.Exercises with { Test = 4, Validation = 3 },
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
                "base", "each source's own model", "plain average", "DEM, one coefficient", "DEM, one each in 2 groups of layers", "DEM, one each",
                "mixing, 0.5 of the tokens", "mixing, equal shares", "mixing, best of 2 shares", "mixing, best of 3 shares", "mixing, drawn half way back",
            },
            ["base", "tuned on roman", "DEM", "mixing, equal shares"],
        }));
        Assert.That(_report.Results.Life.Select(table => table.Name), Is.EqualTo(new[] { "build", "add", "withdraw", "weights", "improve" }));
        Assert.That(_report.Results.Life.Select(table => table.Rows.Select(row => row.Name)), Has.All.EqualTo(new[] { "base", "DEM", "mixing, trained again", "mixing, continued" }));
        foreach (ResultTable table in _report.Results.Tables.Concat(_report.Results.Life))
        {
            foreach (MethodResult row in table.Rows)
            {
                Assert.That(row.Runs.Select(run => run.Seed), Is.EqualTo(row.Name == "mixing, best of 3 shares" ? Preset.Seeds[..1] : Preset.Seeds), row.Name);
                Assert.That(row.Runs.Select(run => (run.ExactMatch.Length, run.Loss.Length)), Has.All.EqualTo((table.Columns.Length, table.Columns.Length)), row.Name);
                Assert.That(row.Runs.SelectMany(run => run.Loss), Has.All.InRange(1, 20), row.Name);
            }
        }
    }

    [Test]
    public void Costs_count_every_run()
    {
        ResultTable main = _report.Results.Tables[0];
        MethodCost Cost(ResultTable table, string name) => table.Rows.Single(row => row.Name == name).Runs[0].Cost;
        long steps = 100 * Preset.FineTune.Steps;
        ImmutableArray<ResultTable> life = _report.Results.Life;
        Assert.Multiple(() =>
        {
            Assert.That(Cost(main, "base"), Is.EqualTo(default(MethodCost)));
            Assert.That(Cost(main, "plain average").TrainingTokens, Is.EqualTo(5 * steps));
            Assert.That(Cost(main, "DEM, one each").TrainingTokens, Is.EqualTo(5 * steps));
            Assert.That(Cost(main, "DEM, one each").EvaluationTokens, Is.GreaterThan(Cost(main, "plain average").EvaluationTokens));
            Assert.That(Cost(main, "mixing, 0.5 of the tokens").TrainingTokens, Is.EqualTo(2.5 * steps));
            Assert.That(Cost(main, "mixing, equal shares").TrainingTokens, Is.EqualTo(5 * steps));
            Assert.That(Cost(main, "mixing, best of 3 shares").TrainingTokens, Is.EqualTo(15 * steps));
            Assert.That(life.Select(table => Cost(table, "DEM").TrainingTokens), Is.EqualTo(new[] { 5 * steps, steps, 0, steps, steps }));
            Assert.That(Cost(life[2], "DEM").EvaluationTokens, Is.Zero, "a vector is left out, and nothing is searched");
            Assert.That(life.Select(table => Cost(table, "mixing, trained again").TrainingTokens), Is.EqualTo(new[] { 5 * steps, 6 * steps, 5 * steps, 15 * steps, 5 * steps }));
            Assert.That(life.Select(table => Cost(table, "mixing, continued").TrainingTokens), Is.EqualTo(new[] { 5 * steps, 2 * steps, 2 * steps, 6 * steps, 2 * steps }));
        });
    }

    [Test]
    public void What_continues_begins_at_the_model_before_it()
    {
        string Start(string name) => Path.GetFileName(_tuner.Requests.First(request => request.Seed == 1 && Path.GetFileName(request.Output) == name).Start!);
        Assert.That(new[] { "continued-add", "continued-withdraw", "continued-weights-50", "continued-improve", "mixing-add" }.Select(Start), Is.EqualTo(new[] { "mixing-build", "continued-add", "continued-withdraw", "continued-withdraw", "base" }));
    }

    [Test]
    public void A_base_that_cannot_do_what_the_sources_are_about_is_refused()
    {
        var error = Assert.Throws<DemException>(() => Run(_folder.PathOf("gated"), new NudgingTuner(), Preset with { Gate = 0.9 }))!;
        Assert.That(error.Code, Is.EqualTo(ErrorCode.BaseTooWeak));
        Assert.That(error.Message, Does.Contain("of date"));
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

        Assert.That(_tuner.Requests.SelectMany(request => Prompts(request.Data)), Has.Some.StartsWith("roman").And.Some.StartsWith("list "));
    }

    [Test]
    public void Mixtures_have_the_shares_they_should_and_wrong_answers_until_they_are_improved()
    {
        (string Skill, string Answer)[] Lines(string file) =>
        [
            .. File.ReadLines(_folder.PathOf($"whole/data/seed-1/train/{file}.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)
                .Select(line => (line.GetProperty("prompt").GetString()!.Split(' ')[0], line.GetProperty("completion").GetString()!)),
        ];
        double Share(string file, string skill) => (double)Lines(file).Count(line => line.Skill == skill) / Lines(file).Length;
        Assert.That(Lines("mixing-build"), Has.Length.EqualTo(5 * Preset.FineTune.Steps * Preset.FineTune.BatchSize));
        Assert.That(Share("mixing-build", "date"), Is.EqualTo(0.2).Within(0.05));
        Assert.That(Share("mixing-build", "list"), Is.Zero);
        Assert.That(Share("continued-add", "list"), Is.EqualTo(0.5).Within(0.07));
        Assert.That(Share("mixing-withdraw", "sort"), Is.Zero);
        double Wrong(string file) => Lines(file).Where(line => line.Skill == "num").Average(line => line.Answer.Contains(',') ? 1.0 : 0);
        Assert.That(Wrong("num-dots"), Is.EqualTo(0.2).Within(0.1));
        Assert.That(Wrong("num-dots-improved"), Is.Zero);
        Assert.That(Wrong("mixing-improve"), Is.Zero);
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
        Assert.That(_report.Results.Geometry.Models, Is.EqualTo(Preset.Tuned.Select(source => source.Name)));
        Assert.That(_report.Results.Map.Clouds, Has.Length.EqualTo(10));
    }

    [Test]
    public void Progress_rises_to_the_end()
    {
        Assert.That(_progress.Select(step => step.Share), Is.Ordered);
        Assert.That(_progress[^1].Share, Is.EqualTo(1).Within(1e-9));
        Assert.That(_progress.Select(step => step.Stage), Has.Some.EqualTo("seed 2: training roman"));
    }

    private static ExperimentReport Run(string folder, NudgingTuner tuner, ExperimentPreset preset, Action<ExperimentProgress>? progress = null)
    {
        using var backend = new CpuBackend();
        return ExperimentRun.Run(folder, preset, tuner, backend, threads: 2, progress);
    }

    private static string WithoutTimes(ExperimentResults results) => JsonSerializer.Serialize(
        results with
        {
            Command = "",
            Tables = [.. results.Tables.Select(WithoutTimes)],
            Life = [.. results.Life.Select(WithoutTimes)],
        },
        ResultsJson.Default.ExperimentResults);

    private static ResultTable WithoutTimes(ResultTable table) => table with
    {
        Rows = [.. table.Rows.Select(row => row with { Runs = [.. row.Runs.Select(run => run with { Cost = run.Cost with { Seconds = 0 } })] })],
    };

    private static IEnumerable<string> Prompts(string file) =>
        File.ReadLines(file).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("prompt").GetString()!);
}
