using System.Text.Json;
using DemEngine.Backends.Cpu;
using DemEngine.Evaluation.Language;
using DemEngine.Evaluation.Tokenization;
using DemEngine.Lab.Experiment.Given;
using DemEngine.Lab.Experiment.Results;
using DemEngine.Lab.Experiment.Running;
using DemEngine.Lab.Experiment.Sources;
using DemEngine.Numerics;
using DemEngine.Tests;
using DemEngine.Training.Models;
using DemEngine.Training.Settings;

namespace DemEngine.Lab.Tests.Experiment;

/// <summary>The life of a family on a tiny model and three sources that lie in folders.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class GivenExperimentTests : IDisposable
{
    private static readonly string[] Names = ["date-us", "sort-down", "list-slashes"];

    private readonly TempFolder _folder = new();
    private readonly CheckpointTokenizerReader _tokenizers = new();

    public GivenExperimentTests()
    {
        LlamaConfig config = ExperimentPreset.Tiny.Model with { HiddenSize = 16, HeadSize = 8, IntermediateSize = 24 };
        using TorchModel model = TorchModel.Draw(config, seed: 1);
        model.Save(_folder.PathOf("base"), ElementType.F32);
        foreach (string name in Names)
        {
            Directory.CreateDirectory(_folder.PathOf(name));
            Write(name, "train", Split.Train, 40);
            Write(name, "valid", Split.Validation, 6);
            Write(name, "test", Split.Test, 6);
        }
    }

    public void Dispose() => _folder.Dispose();

    [TestCase(null)]
    [TestCase(2)]
    public void A_familys_life_is_judged_on_a_base_and_sources_in_folders(int? rank)
    {
        GivenSettings settings = Settings(rank);
        GivenEstimate estimate = GivenExperiment.Estimate(settings, _tokenizers, 1);
        using var backend = new CpuBackend();
        var progress = new List<ExperimentProgress>();
        ExperimentReport Run() => GivenExperiment.Run(_folder.PathOf("out"), settings, _tokenizers, backend, "dem experiment", progress.Add);
        ExperimentReport report = Run();

        ExperimentResults results = report.Results;
        Assert.That(results.Life.Select(table => table.Name), Is.EqualTo(new[] { "build", "add", "withdraw" }));
        Assert.That(results.Life.Select(table => table.Averaged), Is.EqualTo(new[] { 2, 3, 2 }));
        Assert.That(results.Life[2].Columns, Is.EqualTo(new[] { "sort-down", "list-slashes", "date-us" }), "what is withdrawn is beside the family");
        Assert.That(results.Life.SelectMany(table => table.Rows.Select(row => row.Name)).Distinct(), Is.EqualTo(new[] { "base", "DEM", "mixing, trained again", "mixing, continued" }));
        Assert.That(results.Life.Concat(results.Tables).SelectMany(table => table.Rows).SelectMany(row => row.Runs[0].Loss), Has.All.InRange(1, 8));
        Assert.That(Cost(results.Life[2], "DEM"), Is.EqualTo(default(MethodCost)), "withdrawing a source takes nothing");
        Assert.That(Cost(results.Life[1], "DEM").TrainingTokens, Is.LessThan(Cost(results.Life[1], "mixing, trained again").TrainingTokens));
        Assert.That(results.Life[0].Rows[1].Runs[0].Loss, Is.Not.EqualTo(results.Life[0].Rows[0].Runs[0].Loss), "something was learnt");

        long trained = Names.Sum(name => JsonDocument.Parse(File.ReadAllText(_folder.PathOf($"out/models/{name}.json"))).RootElement.GetProperty("trained_tokens").GetInt64());
        double expected = estimate.Stages.Where(stage => Names.Any(name => stage.Name == $"training {name}")).Sum(stage => stage.Cost.TrainingTokens);
        Assert.That(trained, Is.EqualTo(expected).Within(10).Percent, "the estimate is of what is trained");
        long written = Directory.EnumerateFiles(_folder.PathOf("out/models"), "*.safetensors", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);
        Assert.That(written, Is.EqualTo(estimate.Bytes).Within(15).Percent, "the estimate is of what is written");
        Assert.That(estimate.Rate > 0 && estimate.Seconds > 0 && estimate.TrainingMemory > 0);

        foreach (string file in new[] { report.ReportFile, report.RecipeFile, _folder.PathOf("out/figures/life.svg") })
            Assert.That(File.Exists(file), file);
        Assert.That(Directory.Exists(_folder.PathOf("out/models/date-us/")) && File.Exists(_folder.PathOf("out/models/date-us/adapter_config.json")) == (rank is not null));
        DateTime made = File.GetLastWriteTimeUtc(_folder.PathOf("out/models/mixing-build.json"));
        Assert.That(Run().Results.Life[1].Rows[1].Runs[0].Loss, Is.EqualTo(results.Life[1].Rows[1].Runs[0].Loss));
        Assert.That(File.GetLastWriteTimeUtc(_folder.PathOf("out/models/mixing-build.json")), Is.EqualTo(made), "nothing is trained twice");
        Assert.That(
            Assert.Throws<DemException>(() => GivenExperiment.Run(_folder.PathOf("out"), Settings(rank, steps: 7), _tokenizers, backend, ""))!.Code,
            Is.EqualTo(ErrorCode.ResumeMismatch));
    }

    [Test]
    public void A_folder_without_all_its_files_and_too_few_sources_are_refused()
    {
        File.Delete(_folder.PathOf("sort-down/valid.jsonl"));
        DemException incomplete = Assert.Throws<DemException>(() => GivenSource.Open(_folder.PathOf("sort-down")))!;
        Assert.That(incomplete.Code, Is.EqualTo(ErrorCode.IncompleteSource));
        Assert.That(incomplete.Message, Does.Contain("valid"));
        GivenSource one = GivenSource.Open(_folder.PathOf("date-us"));
        GivenSettings few = new(_folder.PathOf("base"), [one, one, one], Training(null, 4));
        Assert.That(Assert.Throws<DemException>(few.Check)!.Code, Is.EqualTo(ErrorCode.TooFewSources));
    }

    private static MethodCost Cost(ResultTable table, string name) => table.Rows.Single(row => row.Name == name).Runs[0].Cost;

    private GivenSettings Settings(int? rank, long steps = 6) =>
        new(_folder.PathOf("base"), [.. Names.Select(name => GivenSource.Open(_folder.PathOf(name)))], Training(rank, steps));

    private static TrainingOptions Training(int? rank, long steps) => new()
    {
        Steps = steps,
        BatchSize = 4,
        LearningRate = 1e-2,
        Lora = rank is { } given ? new LoraOptions { Rank = given, Alpha = 2 * given } : null,
        Recomputes = true,
        Threads = 1,
        Seed = 1,
    };

    private void Write(string name, string file, Split split, int count) => File.WriteAllLines(
        _folder.PathOf($"{name}/{file}.jsonl"),
        Splits.Draw(TextSources.Find(name), split, count, seed: 1).Select(exercise =>
            JsonSerializer.Serialize(new { prompt = exercise.Prompt, completion = exercise.Answer })));
}
