using System.Text.Json;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Adapters;
using DemEngine.Evaluation;
using DemEngine.Merging.Options;
using DemEngine.Numerics;
using DemEngine.Tests;
using DemEngine.Training.Models;
using DemEngine.Training.Reports;
using DemEngine.Training.Runs;
using DemEngine.Training.Settings;

namespace DemEngine.Training.Tests.Runs;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class LoraTests : IDisposable
{
    private static readonly TrainingOptions Options = TrainingSessionTests.Options with { Lora = new LoraOptions { Rank = 2, Alpha = 6, Targets = ["q_proj", "down_proj"] } };

    private readonly TempFolder _folder = new();
    private readonly string _base;

    public LoraTests()
    {
        _base = _folder.PathOf("base");
        using TorchModel model = TinyModels.Model(TinyModels.Grouped);
        model.Save(_base, ElementType.F32);
        Write("data.jsonl", 20, 1);
        Write("valid.jsonl", 8, 3);
    }

    public void Dispose() => _folder.Dispose();

    [Test]
    public void The_dense_model_is_the_base_and_the_adapter()
    {
        Execute("adapter", dense: false);
        TrainingReport report = Execute("dense", dense: true);
        Assert.That(report.BestStep, Is.GreaterThan(0), "something was learnt");
        JsonElement config = JsonDocument.Parse(File.ReadAllText(_folder.PathOf("adapter/adapter_config.json"))).RootElement;
        Assert.That(config.GetProperty("peft_type").GetString(), Is.EqualTo("LORA"));
        Assert.That((config.GetProperty("r").GetInt32(), config.GetProperty("lora_alpha").GetDouble()), Is.EqualTo((2, 6)));
        Assert.That(config.GetProperty("target_modules").EnumerateArray().Select(name => name.GetString()), Is.EqualTo(new[] { "q_proj", "down_proj" }));

        using var start = Checkpoint.Open(_base);
        using var dense = Checkpoint.Open(_folder.PathOf("dense"));
        using var adapter = Checkpoint.Open(_folder.PathOf("adapter/adapter_model.safetensors"));
        using Checkpoint read = ModelWeights.Open($"{_base}+{_folder.PathOf("adapter")}");
        int adapted = 0;
        foreach (TensorSpec spec in start.Tensors.Select(tensor => tensor.Spec))
        {
            float[] from = Read(start, spec.Name), to = Read(dense, spec.Name);
            string module = $"base_model.model.{spec.Name[..^".weight".Length]}";
            if (adapter.Find($"{module}.lora_A.weight") is null)
            {
                Assert.That(to, Is.EqualTo(from), spec.Name);
                continue;
            }

            float[] a = Read(adapter, $"{module}.lora_A.weight"), b = Read(adapter, $"{module}.lora_B.weight");
            int inputs = (int)spec.Shape.Dimensions[1];
            double[] merged = [.. from.Select((w, i) => w + (3.0 * ((b[2 * (i / inputs)] * a[i % inputs]) + (b[(2 * (i / inputs)) + 1] * a[inputs + (i % inputs)]))))];
            Assert.That(to.Select(x => (double)x), Is.EqualTo(merged).Within(1e-5), spec.Name);
            Assert.That(Read(read, spec.Name).Select(x => (double)x), Is.EqualTo(merged).Within(1e-6), $"{spec.Name} as a source");
            Assert.That(b.Any(x => x != 0), spec.Name);
            adapted++;
        }

        Assert.That(adapted, Is.EqualTo(2 * TinyModels.Grouped.Layers));
    }

    [Test]
    public void A_run_that_was_stopped_goes_on_to_the_same_bytes()
    {
        Execute("whole", dense: false);
        using var stop = new CancellationTokenSource();
        Assert.That(() => Execute("stopped", dense: false, step => { if (step.Step.Number == 7) stop.Cancel(); }, stop.Token), Throws.InstanceOf<OperationCanceledException>());
        Execute("stopped", dense: false);
        foreach (string file in new[] { "adapter_model.safetensors", "train.jsonl" })
            Assert.That(File.ReadAllBytes(_folder.PathOf($"stopped/{file}")), Is.EqualTo(File.ReadAllBytes(_folder.PathOf($"whole/{file}"))), file);
    }

    [TestCase(false)]
    [TestCase(true)]
    public void A_base_in_bfloat16_is_held_as_it_is_and_trained_as_the_same_base_in_binary32(bool recomputes)
    {
        string narrow = _folder.PathOf("narrow"), wide = _folder.PathOf("wide");
        using (TorchModel model = TinyModels.Model(TinyModels.Grouped))
            model.Save(narrow, ElementType.BF16);
        using (var checkpoint = Checkpoint.Open(narrow))
        {
            using TorchModel stored = TorchModel.ReadAsStored(new CheckpointWeights(checkpoint));
            Assert.That(stored.Weights.dtype, Is.EqualTo(TorchSharp.torch.ScalarType.BFloat16));
            using TorchModel read = TorchModel.Read(new CheckpointWeights(checkpoint));
            read.Save(wide, ElementType.F32);
        }

        TrainingOptions options = Options with { Recomputes = recomputes, Lora = Options.Lora! with { Targets = LoraOptions.AllTargets } };
        foreach (string name in new[] { narrow, wide })
        {
            TrainingJob job = TrainingJobs.FromModel(name, _folder.PathOf("data.jsonl"), _folder.PathOf("valid.jsonl"), null, options);
            using (job.Start)
                TrainingRun.Execute(job, $"{name}-adapter", 3, new RunOptions());
        }

        using var a = Checkpoint.Open($"{narrow}-adapter/adapter_model.safetensors");
        using var b = Checkpoint.Open($"{wide}-adapter/adapter_model.safetensors");
        foreach (TensorSpec spec in b.Tensors.Select(tensor => tensor.Spec))
            Assert.That(Read(a, spec.Name), Is.EqualTo(Read(b, spec.Name)).Within(1e-4), spec.Name);
        Assert.That(b.Tensors.Where(tensor => tensor.Spec.Name.Contains("lora_B")).All(tensor => Read(b, tensor.Spec.Name).Any(x => x != 0)));
    }

    [Test]
    public void What_cannot_be_adapted_is_named()
    {
        var error = Assert.Throws<DemException>(() => new LoraOptions { Targets = ["w1"] }.Check())!;
        Assert.That(error.Message, Does.Contain("w1"));
        Assert.That(() => new LoraOptions { Rank = 0 }.Check(), Throws.InstanceOf<DemException>());
        Directory.CreateDirectory(_folder.PathOf("there"));
        File.WriteAllText(_folder.PathOf("there/file"), "");
        Assert.That(Assert.Throws<DemException>(() => Execute("there", dense: false))!.Code, Is.EqualTo(ErrorCode.OutputExists));
    }

    private static float[] Read(Checkpoint checkpoint, string name)
    {
        float[] elements = new float[checkpoint.Find(name)!.Spec.Shape.ElementCount];
        WeightDecoding.Decode(checkpoint.Find(name)!, elements);
        return elements;
    }

    private TrainingReport Execute(string output, bool dense, Action<TrainingProgress>? progress = null, CancellationToken cancel = default)
    {
        TrainingJob job = TrainingJobs.FromModel(_base, _folder.PathOf("data.jsonl"), _folder.PathOf("valid.jsonl"), null, Options) with { Dense = dense };
        using (job.Start)
            return TrainingRun.Execute(job, _folder.PathOf(output), 3, new RunOptions(), progress, cancel);
    }

    private void Write(string name, int count, int seed) => File.WriteAllLines(
        _folder.PathOf(name),
        TinyModels.Examples(TinyModels.Grouped, count, seed: seed).Select(example => $"{{\"tokens\": [{string.Join(", ", example.Tokens)}], \"loss_from\": {example.FirstTarget}}}"));
}
