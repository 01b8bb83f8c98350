using System.Text.Json;
using DemEngine.Checkpoints;
using DemEngine.Evaluation.Language;
using DemEngine.Merging.Options;
using DemEngine.Numerics;
using DemEngine.Tests;
using DemEngine.Training.Models;
using DemEngine.Training.Reports;
using DemEngine.Training.Runs;
using DemEngine.Training.Settings;

namespace DemEngine.Training.Tests.Runs;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class TrainingRunTests : IDisposable
{
    private static readonly TrainingOptions Options = TrainingSessionTests.Options;

    private readonly TempFolder _folder = new();
    private readonly string _base;
    private readonly string _data;
    private readonly string _validation;

    public TrainingRunTests()
    {
        _base = _folder.PathOf("base");
        using TorchModel model = TinyModels.Model(TinyModels.Grouped);
        model.Save(_base, ElementType.F32);
        File.WriteAllText(Path.Combine(_base, "generation_config.json"), "{}");
        _data = Lines("data.jsonl", TinyModels.Examples(TinyModels.Grouped, 20));
        _validation = Lines("valid.jsonl", TinyModels.Examples(TinyModels.Grouped, 8, seed: 3));
    }

    public void Dispose() => _folder.Dispose();

    [Test]
    public void The_output_is_a_model_with_log_and_manifest()
    {
        TrainingReport report = Execute("out", Options);

        using TrainingJobHandle job = Open(Options, model: _folder.PathOf("out"));
        Assert.That(TinyModels.Numbers(job.Job.Start.Weights), Is.EqualTo(Session(Options)), "the best weights");
        Assert.That(File.Exists(Path.Combine(_folder.PathOf("out"), "generation_config.json")));
        Manifest manifest = Manifest.Read(_folder.PathOf("out"));
        Assert.That(manifest.Operation, Is.EqualTo("train"));
        Assert.That(manifest.Inputs.Select(input => input.Role), Is.EqualTo(["base", "data", "validation"]));

        JsonElement[] lines = [.. File.ReadLines(Path.Combine(_folder.PathOf("out"), "train.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.That(lines.Select(line => line.GetProperty("step").GetInt64()), Is.EqualTo(Enumerable.Range(0, 13)));
        Assert.That(lines.Where(line => line.TryGetProperty("valid_loss", out _)).Select(line => line.GetProperty("step").GetInt64()), Is.EqualTo([0, 4, 8, 12]));
        Assert.That(lines[1].GetProperty("lr").GetDouble(), Is.EqualTo(0.01));
        Assert.That(report.Positions, Is.EqualTo(lines.Skip(1).Sum(line => line.GetProperty("tokens").GetInt64())));
        Assert.That(report.BestLoss, Is.EqualTo(lines[(int)report.BestStep].GetProperty("valid_loss").GetDouble()));
        Assert.That(Directory.GetFileSystemEntries(_folder.Path, ".*"), Is.Empty, "nothing is left beside it");
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(5)]
    [TestCase(6)]
    [TestCase(8)]
    [TestCase(12)]
    public void A_run_that_died_goes_on_to_the_same_bytes(int step)
    {
        Execute("whole", Options);

        // It dies after the step, before the state is saved if it is saved there; saved were steps 0, 3, 6, 9.
        Assert.Throws<DyingException>(() => Execute("out", Options, progress => Die(progress.Step.Number == step)));
        Assert.That(Directory.Exists(_folder.PathOf("out")), Is.False);
        Execute("out", Options);
        AssertSame("whole", "out");
    }

    [Test]
    public void A_run_that_dies_again_and_again_gets_there()
    {
        Execute("whole", Options with { Type = ElementType.BF16 });
        for (int alive = 4, died = 0; ; died++)
        {
            try
            {
                int steps = 0;
                Execute("out", Options with { Type = ElementType.BF16 }, _ => Die(++steps == alive), saveEvery: 1);
                Assert.That(died, Is.GreaterThanOrEqualTo(3));
                break;
            }
            catch (DyingException)
            {
            }
        }

        AssertSame("whole", "out");
    }

    [Test]
    public void A_cancelled_run_is_saved_where_it_stopped()
    {
        Execute("whole", Options);
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => Execute("out", Options, progress => Cancel(stop, progress.Step.Number == 5), saveEvery: 100, cancel: stop.Token));
        var steps = new List<long>();
        Execute("out", Options, progress => steps.Add(progress.Step.Number), saveEvery: 100);
        Assert.That(steps[0], Is.EqualTo(6));
        AssertSame("whole", "out");
    }

    [Test]
    public void Another_run_for_the_same_output_is_refused_until_the_first_is_discarded()
    {
        Assert.Throws<DyingException>(() => Execute("out", Options, progress => Die(progress.Step.Number == 7)));
        TrainingOptions other = Options with { LearningRate = 0.01 };
        DemException e = Assert.Throws<DemException>(() => Execute("out", other))!;
        Assert.That(e.Code, Is.EqualTo(ErrorCode.ResumeMismatch));

        File.AppendAllText(_data, "{\"tokens\": [1, 2, 3]}\n");
        Assert.That(Assert.Throws<DemException>(() => Execute("out", Options))!.Code, Is.EqualTo(ErrorCode.ResumeMismatch), "data changed");

        var steps = new List<long>();
        Execute("out", other, progress => steps.Add(progress.Step.Number), unfinished: UnfinishedRun.Restart);
        Assert.That(steps[0], Is.Zero);
        Execute("whole", other);
        AssertSame("whole", "out");
    }

    [Test]
    public void A_damaged_state_is_a_named_error_and_can_be_discarded()
    {
        Assert.Throws<DyingException>(() => Execute("out", Options, progress => Die(progress.Step.Number == 7)));
        string state = Path.Combine(_folder.PathOf(".out.dem-training"), "state.safetensors");
        File.WriteAllBytes(state, File.ReadAllBytes(state)[..^10]);
        Assert.That(Assert.Throws<DemException>(() => Execute("out", Options))!.Code, Is.EqualTo(ErrorCode.BadTrainingState));
        Execute("out", Options, unfinished: UnfinishedRun.Restart);
        Assert.That(File.Exists(Path.Combine(_folder.PathOf("out"), "train.jsonl")));
    }

    [Test]
    public void A_loss_that_is_not_finite_leaves_the_best_weights_before_it()
    {
        // Weight decay first shrinks weights that are too large, then overshoots, and in the end multiplies them at each step.
        TrainingOptions options = Options with
        {
            Steps = 1000,
            WarmupSteps = 1000,
            LearningRate = 1e-2,
            AdamW = new AdamWOptions(WeightDecay: 1e4),
            EvaluateEvery = 1,
        };
        DemException e = Assert.Throws<DemException>(() => Execute("out", options))!;
        Assert.That(e.Code, Is.EqualTo(ErrorCode.TrainingDiverged));
        Assert.That(e.Message, Does.Contain("best weights before that, of step"));
        using TrainingJobHandle job = Open(options, model: _folder.PathOf("out"));
        Assert.That(TinyModels.Numbers(job.Job.Start.Weights), Is.All.Matches<float>(float.IsFinite));
        Assert.That(File.ReadLines(Path.Combine(_folder.PathOf("out"), "train.jsonl")).Count(), Is.GreaterThan(20));
    }

    [Test]
    public void An_output_that_is_there_is_not_touched_unless_asked()
    {
        Execute("out", Options);
        byte[] before = File.ReadAllBytes(Path.Combine(_folder.PathOf("out"), Checkpoint.SingleFileName));
        Assert.That(Assert.Throws<DemException>(() => Execute("out", Options with { Seed = 77 }))!.Code, Is.EqualTo(ErrorCode.OutputExists));
        Assert.That(File.ReadAllBytes(Path.Combine(_folder.PathOf("out"), Checkpoint.SingleFileName)), Is.EqualTo(before));
        Execute("out", Options with { Seed = 77 }, overwrite: true);
        Assert.That(File.ReadAllBytes(Path.Combine(_folder.PathOf("out"), Checkpoint.SingleFileName)), Is.Not.EqualTo(before));
    }

    [Test]
    public void Shards_and_element_type_are_as_asked()
    {
        Execute("out", Options with { Type = ElementType.BF16 }, maxShardBytes: 600);
        using Checkpoint checkpoint = Checkpoint.Open(_folder.PathOf("out"));
        Assert.That(checkpoint.Files, Has.Length.GreaterThan(1));
        Assert.That(checkpoint.Tensors.Select(tensor => tensor.Spec.Type), Is.All.EqualTo(ElementType.BF16));
        Assert.That(File.ReadAllText(Path.Combine(checkpoint.Folder, LlamaConfig.FileName)), Does.Contain("bfloat16"));
    }

    [Test]
    public void From_a_configuration_alone_a_model_is_made()
    {
        string config = _folder.Write("shape.json", TinyModels.Plain.ToJson(ElementType.F32));
        TrainingJob job = TrainingJobs.FromScratch(config, _data, _validation, null, Options);
        using (job.Start)
            TrainingRun.Execute(job, _folder.PathOf("out"), 5, new RunOptions());
        Assert.That(LlamaConfig.Read(_folder.PathOf("out")), Is.EqualTo(TinyModels.Plain));
        Assert.That(Manifest.Read(_folder.PathOf("out")).Inputs.Select(input => input.Role), Is.EqualTo(["config", "data", "validation"]));
    }

    [TestCase("{\"tokens\": [1, 2\n", 2112, "valid.jsonl:1")]
    [TestCase("{\"tokens\": [1, 2]}\n\n{\"tokens\": [1, 11]}\n", 2115, "valid.jsonl:3")]
    [TestCase("\n", 2113, "valid.jsonl")]
    [TestCase("{\"text\": \"words\"}\n", 2104, "valid.jsonl:1")]
    public void Bad_data_is_named_by_file_and_line(string lines, int code, string place)
    {
        File.WriteAllText(_validation, lines);
        DemException e = Assert.Throws<DemException>(() => Execute("out", Options))!;
        Assert.That((e.Code.Number, e.Message), Is.EqualTo((code, e.Message)));
        Assert.That(e.Message, Does.Contain(place));
        Assert.That(Directory.GetFileSystemEntries(_folder.Path, ".*"), Is.Empty, "nothing was begun");
    }

    private static void Die(bool now)
    {
        if (now)
            throw new DyingException();
    }

    private static void Cancel(CancellationTokenSource stop, bool now)
    {
        if (now)
            stop.Cancel();
    }

    private TrainingReport Execute(
        string output, TrainingOptions options, Action<TrainingProgress>? progress = null, long saveEvery = 3, bool overwrite = false,
        UnfinishedRun unfinished = UnfinishedRun.Refuse, long maxShardBytes = ShardLayout.DefaultMaxShardBytes, CancellationToken cancel = default)
    {
        using TrainingJobHandle job = Open(options);
        return TrainingRun.Execute(
            job.Job, _folder.PathOf(output), saveEvery, new RunOptions { Overwrite = overwrite, Unfinished = unfinished, MaxShardBytes = maxShardBytes }, progress, cancel);
    }

    private TrainingJobHandle Open(TrainingOptions options, string? model = null) =>
        new(TrainingJobs.FromModel(model ?? _base, _data, _validation, null, options));

    /// <summary>The best weights of the same training in memory.</summary>
    private float[] Session(TrainingOptions options)
    {
        using TrainingJobHandle job = Open(options);
        var (model, _) = Trainer.Train(job.Job.Start, job.Job.Data, job.Job.Validation, options);
        using (model)
            return TinyModels.Numbers(model.Weights);
    }

    private void AssertSame(string expected, string actual)
    {
        string[] Names(string folder) => [.. Directory.GetFiles(_folder.PathOf(folder)).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];
        Assert.That(Names(actual), Is.EqualTo(Names(expected)));
        foreach (string name in Names(expected))
        {
            Assert.That(
                File.ReadAllBytes(Path.Combine(_folder.PathOf(actual), name)), Is.EqualTo(File.ReadAllBytes(Path.Combine(_folder.PathOf(expected), name))), name);
        }
    }

    private string Lines(string name, IEnumerable<Example> examples) => _folder.Write(
        name,
        string.Concat(examples.Select(example => $"{{\"tokens\": [{string.Join(", ", example.Tokens)}], \"loss_from\": {example.FirstTarget}}}\n")));

    private sealed record TrainingJobHandle(TrainingJob Job) : IDisposable
    {
        public void Dispose() => Job.Start.Dispose();
    }

    private sealed class DyingException : Exception;
}
