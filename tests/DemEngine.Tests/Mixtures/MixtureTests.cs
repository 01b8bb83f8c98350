using System.Text.Json.Nodes;
using DemEngine.Analysis;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Merging.Mixtures;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Numerics;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.Mixtures;

/// <summary>What mixtures of experts consist of.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class MixtureTests
{
    private const string Random = "gate_mode: random\nexperts: [{source_model: a}, {source_model: b}, {source_model: base}]\n";
    private const string Prompted = """
        base_model: base
        experts:
        - {source_model: a, positive_prompts: [one, two], negative_prompts: [three]}
        - {source_model: b, positive_prompts: [four]}

        """;

    private DenseFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new DenseFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    private DenseFolder Family(string type, Action<JsonObject>? config = null) =>
        _folder.Model("base", type, 1, config).Model("a", type, 2, config).Model("b", type, 3, config);

    [TestCase("llama", "", "MixtralForCausalLM", "block_sparse_moe.experts.{0}.w1", "block_sparse_moe.experts.{0}.w3", "block_sparse_moe.experts.{0}.w2", "block_sparse_moe.gate")]
    [TestCase("mistral", "", "MixtralForCausalLM", "block_sparse_moe.experts.{0}.w1", "block_sparse_moe.experts.{0}.w3", "block_sparse_moe.experts.{0}.w2", "block_sparse_moe.gate")]
    [TestCase("llama", "deepseek", "DeepseekForCausalLM", "mlp.experts.{0}.gate_proj", "mlp.experts.{0}.up_proj", "mlp.experts.{0}.down_proj", "mlp.gate")]
    [TestCase("qwen3", "", "Qwen3MoeForCausalLM", "mlp.experts.{0}.gate_proj", "mlp.experts.{0}.up_proj", "mlp.experts.{0}.down_proj", "mlp.gate")]
    public void Experts_are_their_models_and_the_rest_is_the_base(string type, string architecture, string name, string gate, string up, string down, string router)
    {
        Family(type);
        _folder.Build("base_model: base\n" + (architecture.Length == 0 ? "" : $"architecture: {architecture}\n") + Random);
        var expected = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (string tensor in _folder.Names("base").Where(tensor => !tensor.Contains(".mlp.", StringComparison.Ordinal)))
            expected.Add(tensor, _folder.Models.Bytes("base", tensor));
        string[] models = ["a", "b", "base"];
        for (int layer = 0; layer < DenseFolder.Layers; layer++)
        {
            for (int expert = 0; expert < 3; expert++)
            {
                foreach (var (to, from) in new[] { (gate, "gate"), (up, "up"), (down, "down") })
                    expected.Add($"model.layers.{layer}.{string.Format(null, to, expert)}.weight", _folder.Models.Bytes(models[expert], $"model.layers.{layer}.mlp.{from}_proj.weight"));
            }
        }

        string[] routers = [.. Enumerable.Range(0, DenseFolder.Layers).Select(layer => $"model.layers.{layer}.{router}.weight")];
        Assert.That(_folder.Names("out"), Is.EquivalentTo(expected.Keys.Concat(routers)));
        foreach (var (tensor, bytes) in expected)
            Assert.That(_folder.Models.Bytes("out", tensor), Is.EqualTo(bytes), tensor);
        Assert.That((string?)_folder.Config("out")["architectures"]![0], Is.EqualTo(name));
        Assert.That(Verification.Run(_folder.Models.PathOf("out"), new RunOptions()).IsIntact);
    }

    [Test]
    public void Qwen2_has_a_shared_expert_with_a_gate_and_biases()
    {
        Family("llama");
        var prompts = new FixedPrompts();
        _folder.Build(Prompted + "architecture: qwen\nshared_experts: [{source_model: b, positive_prompts: [five], residual_scale: 0.25}]\n", prompts: prompts);
        for (int layer = 0; layer < DenseFolder.Layers; layer++)
        {
            string of = $"model.layers.{layer}.";
            Assert.That(_folder.Models.Bytes("out", of + "mlp.shared_expert.up_proj.weight"), Is.EqualTo(_folder.Models.Bytes("b", of + "mlp.up_proj.weight")));
            Assert.That(
                _folder.Models.Values("out", of + "mlp.shared_expert.down_proj.weight"),
                Is.EqualTo(_folder.Models.Values("b", of + "mlp.down_proj.weight").Select(value => value / 4)));
            Assert.That(_folder.Models.Values("out", of + "self_attn.k_proj.bias"), Is.EqualTo(new double[4]));
            Assert.That(
                _folder.Models.Values("out", of + "mlp.shared_expert_gate.weight"),
                Is.EqualTo(Unit(FixedPrompts.Vector(["five"], layer))).Within(0.4).Percent);
        }

        JsonObject config = _folder.Config("out");
        Assert.That((string?)config["model_type"], Is.EqualTo("qwen2_moe"));
        Assert.That((int)config["num_experts"]!, Is.EqualTo(2));
        Assert.That((int)config["shared_expert_intermediate_size"]!, Is.EqualTo(DenseFolder.Inside));
        Assert.That((bool)config["norm_topk_prob"]!);
    }

    [Test]
    public void A_shared_expert_without_prompts_makes_a_DeepSeek()
    {
        Family("mistral");
        _folder.Build("base_model: base\n" + Random + "shared_experts: [{source_model: b}]\n");
        Assert.That(_folder.Names("out"), Does.Contain("model.layers.1.mlp.shared_experts.down_proj.weight").And.Not.Contain("model.layers.1.mlp.shared_expert_gate.weight"));
        JsonObject config = _folder.Config("out");
        Assert.That(((int)config["n_routed_experts"]!, (int)config["n_shared_experts"]!, (int)config["first_k_dense_replace"]!), Is.EqualTo((3, 1, 0)));
    }

    [Test]
    public void A_row_of_a_router_is_the_unit_vector_of_its_prompts_less_the_negative_ones()
    {
        Family("llama");
        var prompts = new FixedPrompts();
        _folder.Build(Prompted + "dtype: float32\n", prompts: prompts);
        Assert.That(prompts.Computed, Is.EqualTo(1));
        for (int layer = 0; layer < DenseFolder.Layers; layer++)
        {
            double[] three = FixedPrompts.Vector(["three"], layer);
            double[] first = Unit([.. FixedPrompts.Vector(["one", "two"], layer).Select((value, k) => value - three[k])]);
            double[] second = Unit(FixedPrompts.Vector(["four"], layer));
            Assert.That(
                _folder.Models.Values("out", $"model.layers.{layer}.block_sparse_moe.gate.weight"),
                Is.EqualTo(first.Concat(second).Select(value => (double)(float)value)));
        }
    }

    [Test]
    public void A_plan_that_is_only_shown_computes_nothing()
    {
        Family("llama");
        var prompts = new FixedPrompts();
        using MixturePlan plan = _folder.Plan(Prompted, prompts, new RunOptions { PlansOnly = true });
        var router = plan.Plan.PlannedTensors.Single(tensor => tensor.Spec.Name == "model.layers.1.block_sparse_moe.gate.weight");
        Assert.That(router.Operation, Is.EqualTo("router from prompts (hidden)"));
        Assert.That(router.Spec.Shape, Is.EqualTo(new TensorShape(2, DenseFolder.Hidden)));
        Assert.That((prompts.Checked, prompts.Computed), Is.EqualTo((1, 0)));
        plan.ComputeRouters();
        Assert.That(prompts.Computed, Is.EqualTo(1));
    }

    [Test]
    public void Routers_that_hardly_tell_experts_apart_are_named()
    {
        Family("llama");
        RunReport report = _folder.Build(
            "base_model: base\nexperts:\n- {source_model: a, positive_prompts: [ab]}\n- {source_model: b, positive_prompts: [ba]}\n", prompts: new FixedPrompts());
        Assert.That(report.Remarks, Has.One.Contains("the routers of all layers hardly tell the experts apart"));
    }

    [Test]
    public void Random_routers_follow_from_the_seed_and_are_standard_normal()
    {
        Family("llama");
        const string Router = "model.layers.0.block_sparse_moe.gate.weight";
        string many = "base_model: base\ngate_mode: MODE\nexperts: [" + string.Join(", ", Enumerable.Repeat("{source_model: a}", 400)) + "]\n";
        double[] Make(string mode, int seed, string output)
        {
            _folder.Build(many.Replace("MODE", mode, StringComparison.Ordinal) + $"seed: {seed}\ndtype: float32\n", output);
            return _folder.Models.Values(output, Router);
        }

        double[] normal = Make("random", 1, "n1");
        Assert.That(normal.Average(), Is.Zero.Within(0.06));
        Assert.That(normal.Average(value => value * value), Is.EqualTo(1).Within(0.08));
        Assert.That(normal.Count(value => Math.Abs(value) < 1) / (double)normal.Length, Is.EqualTo(0.6827).Within(0.03));
        Assert.That(Make("random", 1, "n2"), Is.EqualTo(normal));
        Assert.That(Make("random", 2, "n3"), Is.Not.EqualTo(normal));
        Assert.That(_folder.Models.Values("n1", Router.Replace(".0.", ".1.", StringComparison.Ordinal)), Is.Not.EqualTo(normal));
        double[] uniform = Make("uniform_random", 1, "u");
        double bound = 1 / Math.Sqrt(DenseFolder.Hidden);
        Assert.That(uniform.Max(Math.Abs), Is.LessThan(bound).And.GreaterThan(0.99 * bound));
        Assert.That(uniform.Average(value => value * value), Is.EqualTo(bound * bound / 3).Within(3).Percent);
    }

    [Test]
    public void Noise_has_its_deviation_and_is_scaled_with_what_it_is_added_to()
    {
        Family("llama");
        _folder.Build("base_model: base\ngate_mode: random\ndtype: float32\nexperts: [{source_model: a, noise_scale: 0.5, residual_scale: 2}, {source_model: a}]\n");
        double[] Noise(string matrix, string word, double scale) =>
        [
            .. _folder.Models.Values("out", $"model.layers.0.block_sparse_moe.experts.0.{matrix}.weight")
                .Zip(_folder.Models.Values("a", $"model.layers.0.mlp.{word}_proj.weight"), (y, x) => (y / scale) - x),
        ];
        foreach (double[] noise in new[] { Noise("w1", "gate", 1), Noise("w2", "down", 2) })
            Assert.That(Math.Sqrt(noise.Average(value => value * value)), Is.EqualTo(0.5).Within(12).Percent);
        Assert.That(Noise("w1", "gate", 1), Is.Not.EqualTo(Noise("w3", "up", 1)));
    }

    [Test]
    public void Files_do_not_show_how_they_were_made([Values(1, 3)] int threads, [Values(1, 1 << 20)] int tileBytes, [Values] IoMode io)
    {
        Family("llama");
        const string Recipe = Prompted + "shared_experts: [{source_model: a, positive_prompts: [x], noise_scale: 0.1, residual_scale: 0.3}]\narchitecture: qwen\n";
        _folder.Build(Recipe, "reference", new FixedPrompts(), new RunOptions { MaxShardBytes = 4000 });
        _folder.Build(Recipe, "out", new FixedPrompts(), new RunOptions { MaxShardBytes = 4000, Threads = threads, TileBytes = tileBytes, Io = io });
        Assert.That(_folder.Models.Files("out"), Is.EqualTo(_folder.Models.Files("reference")));
    }

    [Test]
    public void A_run_that_was_stopped_goes_on()
    {
        Family("llama");
        _folder.Build(Prompted, "reference", new FixedPrompts());
        using MixturePlan plan = _folder.Plan(Prompted, new FixedPrompts());
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => OutputRun.Execute(
            plan.Plan, _folder.Models.PathOf("out"), new CpuBackend(), new RunOptions { Threads = 1 }, progress => { if (progress.TensorsDone > 3) stop.Cancel(); }, stop.Token));
        RunReport report = _folder.Build(Prompted, "out", new FixedPrompts(), new RunOptions { Unfinished = UnfinishedRun.Resume });
        Assert.That(report.Resumed, Is.GreaterThan(0));
        Assert.That(_folder.Models.Files("out"), Is.EqualTo(_folder.Models.Files("reference")));
    }

    [Test]
    public void Experts_of_another_type_are_rounded_to_the_bases()
    {
        _folder.Model("base", "llama", 1).Model("a", "llama", 2, element: ElementType.F32).Model("b", "llama", 3);
        _folder.Build("base_model: base\n" + Random);
        double[] single = _folder.Models.Values("a", "model.layers.0.mlp.up_proj.weight");
        Assert.That(_folder.Models.Bytes("out", "model.layers.0.block_sparse_moe.experts.0.w3.weight"), Has.Length.EqualTo(2 * single.Length));
        Assert.That(_folder.Models.Values("out", "model.layers.0.block_sparse_moe.experts.0.w3.weight"), Is.EqualTo(single).Within(0.4).Percent);
    }

    [Test]
    public void A_configuration_says_what_the_dense_model_left_to_its_class()
    {
        Family("llama");
        _folder.Build("base_model: base\n" + Random);
        JsonObject config = _folder.Config("out");
        Assert.That((double)config["rms_norm_eps"]!, Is.EqualTo(1e-6), "Mixtral's own is 1e-5");
        Assert.That((int)config["num_key_value_heads"]!, Is.EqualTo(2), "Mixtral's own is 8");
        Assert.That((double)config["rope_theta"]!, Is.EqualTo(10000), "Mixtral's own is a million");
        Assert.That((int)config["max_position_embeddings"]!, Is.EqualTo(2048));
        Assert.That(config["sliding_window"], Is.Null);
        Assert.That(((int)config["num_local_experts"]!, (int)config["num_experts_per_tok"]!), Is.EqualTo((3, 2)));
        Assert.That(((int)config["vocab_size"]!, (int)config["hidden_size"]!, (int)config["intermediate_size"]!, (int)config["num_hidden_layers"]!),
            Is.EqualTo((DenseFolder.Tokens, DenseFolder.Hidden, DenseFolder.Inside, DenseFolder.Layers)));
    }

    [Test]
    public void A_window_of_Mistral_stays_in_Mixtral_and_is_named_where_it_is_lost()
    {
        Family("mistral");
        using (MixturePlan plan = _folder.Plan("base_model: base\n" + Random))
            Assert.That(JsonNode.Parse(plan.Plan.SideFiles["config.json"])!["sliding_window"]!.GetValue<int>(), Is.EqualTo(4096));
        using MixturePlan other = _folder.Plan("base_model: base\narchitecture: deepseek\n" + Random);
        Assert.That(other.Plan.Remarks, Has.One.Contains("sees 4096 tokens back"));
        Assert.That(JsonNode.Parse(other.Plan.SideFiles["config.json"])!["sliding_window"], Is.Null);
    }

    [Test]
    public void Wrong_models_are_refused_by_name()
    {
        Family("llama");
        _folder.Model("gemma", "gemma", 4)
            .Model("mistral", "mistral", 5)
            .Model("gelu", "llama", 6, config => config["hidden_act"] = "gelu")
            .Model("strange act", "llama", 6, config => config["hidden_act"] = 5)
            .Model("biased", "llama", 7, tensors: list => list.Add(Values.Random("model.layers.0.self_attn.q_proj.bias", ElementType.BF16, [8], 1)))
            .Model("headless", "llama", 8, tensors: list => list.RemoveAll(tensor => tensor.Spec.Name == "lm_head.weight"))
            .Model("short", "llama", 9, tensors: list => list.RemoveAll(tensor => tensor.Spec.Name == "model.layers.1.mlp.up_proj.weight"))
            .Model("deep", "llama", 9, tensors: list => list.Add(Values.Random("model.layers.2.mlp.gate_proj.weight", ElementType.BF16, [20, 12], 1)))
            .Model("wide", "llama", 10, tensors: list =>
            {
                list.RemoveAll(tensor => tensor.Spec.Name == "model.layers.1.mlp.up_proj.weight");
                list.Add(Values.Random("model.layers.1.mlp.up_proj.weight", ElementType.BF16, [21, 12], 1));
            })
            .Model("many", "llama", 11, tensors: list =>
            {
                list.RemoveAll(tensor => tensor.Spec.Name == "model.embed_tokens.weight");
                list.Add(Values.Random("model.embed_tokens.weight", ElementType.BF16, [300, 12], 1));
            });
        File.Delete(Path.Combine(_folder.Models.PathOf("b"), "config.json"));

        void Base(string model, ErrorCode code, string message) => Refused($"base_model: {model}\n" + Random, code, message);
        void Expert(string model, ErrorCode code, string message) =>
            Refused("base_model: base\n" + Random.Replace("{source_model: a}", $"{{source_model: {model}}}", StringComparison.Ordinal), code, message);
        void Refused(string recipe, ErrorCode code, string message)
        {
            DemException error = _folder.Refused(recipe);
            Assert.That(error.Message, Does.Contain(message));
            Assert.That(error.Code, Is.EqualTo(code));
        }

        Base("gemma", ErrorCode.NoMixtureSource, "its model_type is \"gemma\", and mixtures are built from llama, mistral, qwen2, qwen3");
        Base("b", ErrorCode.NoMixtureSource, "there is no config.json");
        Base("biased", ErrorCode.NoMixtureSource, "\"model.layers.0.self_attn.q_proj.bias\"");
        Base("headless", ErrorCode.NoMixtureSource, "\"lm_head.weight\"");
        Base("short", ErrorCode.NoMixtureSource, "\"model.layers.1.mlp.up_proj.weight\"");
        Base("wide", ErrorCode.NoMixtureSource, "[21, 12], and should be numbers of [20, 12]");
        Expert("mistral", ErrorCode.NoMixtureSource, "its model_type is \"mistral\", and the base model's is \"llama\"");
        Expert("gelu", ErrorCode.ExpertDoesNotFit, "its hidden_act is \"gelu\", and the base model's is \"silu\"");
        Expert("short", ErrorCode.ExpertDoesNotFit, "it has no tensor \"model.layers.1.mlp.up_proj.weight\"");
        Expert("deep", ErrorCode.ExpertDoesNotFit, "more layers than the base model's 2");
        Expert("wide", ErrorCode.ExpertDoesNotFit, "is BF16[21, 12], and BF16[20, 12] in the base model");
        Expert("many", ErrorCode.ExpertVocabulary, "its vocabulary has 300 rows, and the base model's 30");
        Expert("nowhere", ErrorCode.CheckpointNotFound, "r.yaml:3: experts[0].source_model");
        Base("'strange act'", ErrorCode.ExpertDoesNotFit, "its hidden_act is \"silu\"");
    }

    [Test]
    public void Other_vocabularies_are_told_from_larger_ones()
    {
        static string Tokenizer(params string[] tokens) => new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray(),
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = new JsonObject(tokens.Select((token, k) => KeyValuePair.Create(token, (JsonNode?)k))), ["merges"] = new JsonArray() },
        }.ToJsonString();
        Family("llama");
        _folder.Models.File("base", "tokenizer.json", Tokenizer("a", "b", "c"))
            .File("a", "tokenizer.json", Tokenizer("a", "b", "c", "<|more|>"))
            .File("b", "tokenizer.json", Tokenizer("x", "y", "c"));
        Assert.That(_folder.Refused("base_model: base\n" + Random).Code, Is.EqualTo(ErrorCode.ExpertVocabulary));
        using MixturePlan plan = _folder.Plan("base_model: base\ngate_mode: random\nexperts: [{source_model: a}, {source_model: base}]\n");
        Assert.That(plan.Plan.Remarks, Has.One.Contains("1 of its 4 tokens are not the base's"));
    }

    [Test]
    public void An_architecture_that_does_not_take_the_recipe_is_refused()
    {
        Family("qwen2");
        void Refused(string recipe, ErrorCode code, string message)
        {
            DemException error = _folder.Refused("base_model: base\n" + recipe, new FixedPrompts());
            Assert.That(error.Message, Does.Contain(message));
            Assert.That(error.Code, Is.EqualTo(code));
            Assert.That(
                error.Remedy.Contains("shared expert", StringComparison.Ordinal),
                Is.EqualTo(code == ErrorCode.NoMixtureArchitecture && !message.Contains("built from", StringComparison.Ordinal)));
        }

        Refused(Random, ErrorCode.NoMixtureArchitecture, "Qwen2-MoE has exactly one shared expert, and the recipe has 0");
        Refused(Random + "architecture: mixtral\n", ErrorCode.NoMixtureArchitecture, "Mixtral is not built from qwen2 models, but from llama and mistral");
        Refused(Random + "architecture: mixtrel\n", ErrorCode.WrongValue, "unknown architecture \"mixtrel\" (did you mean \"mixtral\"?)");
        string prompted = Prompted.Replace("base_model: base\n", "", StringComparison.Ordinal);
        Refused(prompted + "shared_experts: [{source_model: a}]\n", ErrorCode.NoMixtureArchitecture, "needs positive_prompts");
    }

    [Test]
    public void Prompts_need_something_that_computes_with_models()
    {
        Family("llama");
        Assert.Throws<ArgumentNullException>(() => _folder.Plan(Prompted).Dispose());
    }

    private static double[] Unit(double[] vector)
    {
        double length = Math.Sqrt(vector.Sum(value => value * value));
        return [.. vector.Select(value => value / length)];
    }
}
