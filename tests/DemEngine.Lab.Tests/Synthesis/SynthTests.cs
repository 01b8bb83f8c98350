using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Evaluation.Language;
using DemEngine.Lab.Synthesis;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;
using DemEngine.Tests;
using DemEngine.Tests.Merging;

namespace DemEngine.Lab.Tests.Synthesis;

[Parallelizable(ParallelScope.Self)]
public sealed class SynthTests
{
    private const string Embedding = "model.embed_tokens.weight";

    private static readonly LlamaShape Shape = new("test", Hidden: 96, Intermediate: 160, Layers: 2, Heads: 4, KeyValueHeads: 2, Vocabulary: 700);

    private ModelFolder _folder = null!;

    [OneTimeSetUp]
    public void MakeModels()
    {
        _folder = new ModelFolder();
        MakeBase("base", seed: 7);
        MakeTuned("tuned", seed: 7, scale: 0.003);
    }

    [OneTimeTearDown]
    public void DeleteModels() => _folder.Dispose();

    [Test]
    public void The_same_seed_gives_the_same_bytes([Values(1, 3)] int threads, [Values(1, 1 << 20)] int tileBytes, [Values] IoMode io)
    {
        var options = new RunOptions { Threads = threads, TileBytes = tileBytes, Io = io, Overwrite = true };
        MakeBase("base-again", 7, options);
        Assert.That(_folder.Bytes("base-again", Embedding), Is.EqualTo(_folder.Bytes("base", Embedding)));
        Assert.That(Hashes("base-again"), Is.EqualTo(Hashes("base")));
        MakeTuned("tuned-again", 7, 0.003, options);
        Assert.That(Hashes("tuned-again"), Is.EqualTo(Hashes("tuned")));
    }

    [Test]
    public void Another_seed_gives_other_bytes()
    {
        MakeBase("other", seed: 8);
        Assert.That(_folder.Bytes("other", Embedding), Is.Not.EqualTo(_folder.Bytes("base", Embedding)));
    }

    [Test]
    public void Tensors_of_one_shape_differ()
    {
        Assert.That(_folder.Bytes("base", Embedding), Is.Not.EqualTo(_folder.Bytes("base", "lm_head.weight")));
        Assert.That(_folder.Bytes("base", "model.layers.0.mlp.up_proj.weight"), Is.Not.EqualTo(_folder.Bytes("base", "model.layers.1.mlp.up_proj.weight")));
    }

    [Test]
    public void Weights_have_the_stated_mean_and_deviation()
    {
        double[] values = _folder.Values("base", Embedding);
        Assert.That(values.Average(), Is.Zero.Within(5 * 0.02 / Math.Sqrt(values.Length)));
        Assert.That(Deviation(values), Is.EqualTo(0.02).Within(2).Percent);
        Assert.That(values.Max(Math.Abs), Is.LessThan(0.02 * 3.5), "the sum of four bytes has no long tails");
        Assert.That(_folder.Values("base", "model.norm.weight"), Is.All.EqualTo(1));
    }

    [Test]
    public void Differences_are_as_large_as_asked_and_unlike_the_base()
    {
        double[] b = _folder.Values("base", Embedding);
        double[] difference = [.. _folder.Values("tuned", Embedding).Zip(b, (x, y) => x - y)];
        Assert.That(Deviation(difference), Is.EqualTo(0.003).Within(2).Percent);
        double cosine = difference.Zip(b, (x, y) => x * y).Sum() / (Deviation(difference) * Deviation(b) * b.Length);
        Assert.That(cosine, Is.Zero.Within(5 / Math.Sqrt(b.Length)));
        Assert.That(_folder.Values("tuned", "model.norm.weight"), Is.Not.All.EqualTo(1));
    }

    [Test]
    public void The_configuration_describes_the_model()
    {
        IModelShape shape = ModelShapes.Find(_folder.PathOf("base/config.json"));
        Assert.That(shape.Name, Is.EqualTo("base"));
        Assert.That(shape.Tensors(ElementType.F32), Is.EqualTo(Shape.Tensors(ElementType.F32)));
        Assert.That(File.ReadAllText(_folder.PathOf("base/config.json")), Does.Contain("\"torch_dtype\": \"float32\""));
    }

    [Test]
    public void A_tuned_model_can_have_another_type()
    {
        using var from = Checkpoint.Open(_folder.PathOf("base"));
        Execute("tuned-bf16", SynthPlanner.PlanTuned(from, ElementType.BF16, 7, 0.003, ShardLayout.DefaultMaxShardBytes), new RunOptions());
        using var tuned = Checkpoint.Open(_folder.PathOf("tuned-bf16"));
        Assert.That(tuned.Tensors.Select(tensor => tensor.Spec.Type), Is.All.EqualTo(ElementType.BF16));
        Assert.That(File.ReadAllText(_folder.PathOf("tuned-bf16/config.json")), Does.Contain("\"torch_dtype\": \"bfloat16\""));
    }

    [Test]
    public void Unknown_shapes_are_refused() => Failing.With(ErrorCode.BadArgument, () => ModelShapes.Find("enormous"));

    [TestCase("[]")]
    [TestCase("{}")]
    [TestCase("not json")]
    [TestCase("""{"model_type": "llama", "hidden_size": -1, "num_attention_heads": 1}""")]
    [TestCase("""{"model_type": "llama", "num_attention_heads": "four"}""")]
    public void Configurations_that_are_none_are_refused(string config)
    {
        using var folder = new TempFolder();
        Failing.With(ErrorCode.BadConfig, () => ModelShapes.Find(folder.Write("config.json", config)));
    }

    [TestCase("""{"model_type": "t5", "num_layers": 4}""")]
    [TestCase("""{"architectures": ["BloomForCausalLM"], "hidden_size": 64}""")]
    [TestCase("""{"model_type": "qwen2_vl", "hidden_size": 64, "num_attention_heads": 4}""")]
    public void Architectures_whose_tensors_are_not_known_are_refused(string config)
    {
        using var folder = new TempFolder();
        DemException error = Failing.With(ErrorCode.UnknownArchitecture, () => ModelShapes.Find(folder.Write("config.json", config)));
        Assert.That(error.Remedy, Does.Contain("--tuned-from"));
    }

    [Test]
    public void Sizes_alone_are_those_of_a_Llama()
    {
        using var folder = new TempFolder();
        IModelShape shape = ModelShapes.Find(folder.Write("sizes.json", """
            {"hidden_size": 96, "intermediate_size": 160, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
             "vocab_size": 700}
            """));
        Assert.That(shape.Name, Is.EqualTo("sizes"));
        Assert.That(shape.Tensors(ElementType.F32), Is.EqualTo(Shape.Tensors(ElementType.F32)));
    }

    [Test]
    public void Other_architectures_have_their_own_tensors()
    {
        using var folder = new ModelFolder();
        string config = folder.PathOf("qwen2.json");
        File.WriteAllText(config, """
            {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_size": 64, "intermediate_size": 96,
             "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 300, "tie_word_embeddings": true}
            """);
        OutputRun.Execute(
            SynthPlanner.PlanBase(ModelShapes.Find(config), ElementType.BF16, 3, ShardLayout.DefaultMaxShardBytes),
            folder.PathOf("made"), new CpuBackend(), new RunOptions());

        LlamaConfig made = LlamaConfig.Read(folder.PathOf("made"));
        Assert.That(made, Is.EqualTo(LlamaConfig.Read(config)));
        using Checkpoint model = Checkpoint.Open(folder.PathOf("made"));
        LlamaTensors.Check(made, model.Tensors.Select(tensor => tensor.Spec), "made");
        Assert.That(folder.Values("made", "model.layers.1.self_attn.k_proj.bias"), Has.Length.EqualTo(32).And.Not.All.EqualTo(1));
        Assert.That(folder.Values("made", "model.layers.1.input_layernorm.weight"), Is.All.EqualTo(1));
    }

    private static double Deviation(double[] values) => Math.Sqrt(values.Sum(value => value * value) / values.Length);

    private IEnumerable<string> Hashes(string model) => Manifest.Read(_folder.PathOf(model)).Tensors.Select(tensor => tensor.Hash);

    private void MakeBase(string name, long seed, RunOptions? options = null) =>
        Execute(name, SynthPlanner.PlanBase(Shape, ElementType.F32, seed, ShardLayout.DefaultMaxShardBytes), options ?? new RunOptions());

    private void MakeTuned(string name, long seed, double scale, RunOptions? options = null)
    {
        using var from = Checkpoint.Open(_folder.PathOf("base"), options?.Io ?? IoMode.Mmap);
        Execute(name, SynthPlanner.PlanTuned(from, null, seed, scale, ShardLayout.DefaultMaxShardBytes), options ?? new RunOptions());
    }

    private void Execute(string name, OutputPlan plan, RunOptions options) => OutputRun.Execute(plan, _folder.PathOf(name), new CpuBackend(), options);
}
