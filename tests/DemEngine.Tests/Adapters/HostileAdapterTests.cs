using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Adapters;
using DemEngine.Files;
using DemEngine.Numerics;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.Adapters;

/// <summary>Adapters that are incomplete, contradict themselves or their model, or are of another kind.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class HostileAdapterTests
{
    private const string Down = "base_model.model.x.lora_A.weight";
    private const string Up = "base_model.model.x.lora_B.weight";
    private const string Config = """{"peft_type": "LORA", "r": 2, "lora_alpha": 4}""";

    private static readonly (TensorSpec Spec, byte[] Bytes)[] Whole = [Factor(Down, 2, 6), Factor(Up, 4, 2)];

    private static IEnumerable<object[]> Tensors =>
    [
        ["no B", new[] { Factor(Down, 2, 6) }, ErrorCode.BadAdapter],
        ["no A", new[] { Factor(Up, 4, 2) }, ErrorCode.BadAdapter],
        ["two A", new[] { Factor(Down, 2, 6), Factor("base_model.model.x.lora_A.default.weight", 2, 6), Factor(Up, 4, 2) }, ErrorCode.BadAdapter],
        ["ranks that differ", new[] { Factor(Down, 2, 6), Factor(Up, 4, 3) }, ErrorCode.BadAdapter],
        ["another rank than the configuration's", new[] { Factor(Down, 3, 6), Factor(Up, 4, 3) }, ErrorCode.BadAdapter],
        ["a rank beyond all reason", new[] { Factor(Down, 70_000, 6), Factor(Up, 4, 70_000) }, ErrorCode.BadAdapter],
        ["A of a vector", new[] { Values.Random(Down, ElementType.F32, [6], 1), Factor(Up, 4, 2) }, ErrorCode.BadAdapter],
        ["A of integers", new[] { TestCheckpoint.Tensor(Down, ElementType.I32, [2, 6]), Factor(Up, 4, 2) }, ErrorCode.BadAdapter],
        ["an empty A", new[] { Factor(Down, 0, 6), Factor(Up, 4, 0) }, ErrorCode.BadAdapter],
        ["more rows than the model", new[] { Factor(Down, 2, 6), Factor(Up, 5, 2) }, ErrorCode.AdapterDoesNotFit],
        ["more columns than the model", new[] { Factor(Down, 2, 7), Factor(Up, 4, 2) }, ErrorCode.AdapterDoesNotFit],
        ["a module that the model lacks", Whole.Concat([Factor("base_model.model.y.lora_A.weight", 2, 6), Factor("base_model.model.y.lora_B.weight", 4, 2)]).ToArray(), ErrorCode.AdapterDoesNotFit],
        ["lengths of another number", Whole.Append(Values.Random("base_model.model.x.lora_magnitude_vector", ElementType.F32, [5], 1)).ToArray(), ErrorCode.BadAdapter],
        ["a saved module of another shape", Whole.Append(Factor("base_model.model.z.weight", 5, 3)).ToArray(), ErrorCode.AdapterDoesNotFit],
        ["a bias that the model lacks", Whole.Append(Values.Random("base_model.model.x.lora_B.bias", ElementType.F32, [4], 1)).ToArray(), ErrorCode.AdapterDoesNotFit],
        ["AdaLoRA", Whole.Append(Factor("base_model.model.x.lora_E", 2, 1)).ToArray(), ErrorCode.UnknownAdapter],
        ["(IA)³", new[] { Factor("base_model.model.x.ia3_l", 4, 1) }, ErrorCode.UnknownAdapter],
        ["trained tokens that nobody numbers", Whole.Append(Factor("base_model.model.z.token_adapter.trainable_tokens_delta", 4, 1)).ToArray(), ErrorCode.BadAdapter],
    ];

    private static IEnumerable<object[]> Configs =>
    [
        ["[]", ErrorCode.BadAdapter],
        ["{", ErrorCode.BadAdapter],
        ["""{"peft_type": "IA3"}""", ErrorCode.UnknownAdapter],
        ["""{"peft_type": "ADALORA", "r": 2}""", ErrorCode.UnknownAdapter],
        ["""{"peft_type": "LORA", "r": 0}""", ErrorCode.BadAdapter],
        ["""{"peft_type": "LORA", "r": "2"}""", ErrorCode.BadAdapter],
        ["""{"peft_type": "LORA", "r": 2, "lora_alpha": -1}""", ErrorCode.BadAdapter],
        ["""{"peft_type": "LORA", "r": 2, "lora_alpha": 1e999}""", ErrorCode.BadAdapter],
        ["""{"peft_type": "LORA", "r": 2, "rank_pattern": [1]}""", ErrorCode.BadAdapter],
        ["""{"peft_type": "LORA", "r": 2, "rank_pattern": {"(x": 1}}""", ErrorCode.BadAdapter],
        ["""{"peft_type": "LORA", "r": 2, "alpha_pattern": {"(?<=a": 1}}""", ErrorCode.BadAdapter],
        ["""{"peft_type": "LORA", "r": 2, "kasa_config": {"beta": 0.1}}""", ErrorCode.UnknownAdapter],
        ["""{"peft_type": "LORA", "r": 2, "use_bdlora": {"nblocks": 2}}""", ErrorCode.UnknownAdapter],
        ["""{"peft_type": "LORA", "r": 2, "monteclora_config": {"num_samples": 8}}""", ErrorCode.UnknownAdapter],
        ["""{"peft_type": "LORA", "r": 2, "init_lora_weights": "pissa_niter_4"}""", ErrorCode.UnknownAdapter],
        ["""{"peft_type": "LORA", "r": 2, "layer_replication": [[0, 2]]}""", ErrorCode.UnknownAdapter],
        ["""{"peft_type": "LORA", "r": 2, "layer_replication": [2]}""", ErrorCode.BadAdapter],
        ["""{"peft_type": "LORA", "r": 2, "target_parameters": {"experts": 1}}""", ErrorCode.BadAdapter],
    ];

    private static IEnumerable<object[]> Tokens =>
    [
        ["[0, 1, 2]", 3, ErrorCode.BadAdapter],
        ["[1, 1]", 3, ErrorCode.BadAdapter],
        ["[0, -1]", 3, ErrorCode.BadAdapter],
        ["{\"w\": [0, 1]}", 3, ErrorCode.BadAdapter],
        ["[0, 4]", 3, ErrorCode.AdapterDoesNotFit],
        ["[0, 1]", 2, ErrorCode.AdapterDoesNotFit],
    ];

    [TestCaseSource(nameof(Tokens))]
    public void Trained_tokens_that_do_not_fit_are_named(string tokens, int columns, ErrorCode code)
    {
        using ModelFolder folder = Folder(
            [Factor("base_model.model.z.token_adapter.trainable_tokens_delta", 2, columns)],
            $$"""{"peft_type": "LORA", "r": 2, "trainable_token_indices": {{tokens}}}""");
        Failing.With(code, () => Merge(folder));
    }

    [Test]
    public void An_adapter_of_a_model_with_copies_of_layers_takes_that_model_alone()
    {
        using ModelFolder folder = Folder(Whole, """{"peft_type": "LORA", "r": 2, "layer_replication": [[0, 2], [1, 2]]}""");
        folder.File("base", "config.json", """{"num_hidden_layers": 2}""");
        DemException error = Failing.With(ErrorCode.UnknownAdapter, () => Merge(folder));
        Assert.That(error.Remedy, Does.Contain("passthrough").And.Contain("slices"));
        folder.File("base", "config.json", """{"num_hidden_layers": 3}""");
        Merge(folder);
    }

    [TestCaseSource(nameof(Tensors))]
    public void Factors_that_cannot_be_right_are_named(string what, object tensors, ErrorCode code)
    {
        using ModelFolder folder = Folder(((TensorSpec, byte[])[])tensors, Config);
        DemException error = Failing.With(code, () => Merge(folder));
        Assert.That(error.Message, Does.Contain("lora"), what);
    }

    [TestCaseSource(nameof(Configs))]
    public void Configurations_that_cannot_be_right_are_named(string config, ErrorCode code)
    {
        using ModelFolder folder = Folder(Whole, config);
        DemException error = Failing.With(code, () => Merge(folder));
        Assert.That(error.Message, Does.Contain("adapter_config.json"));
        Assert.That(error.Message.Contains("line 1, byte 2", StringComparison.Ordinal), Is.EqualTo(config == "{"), error.Message);
    }

    [Test]
    public void An_adapter_that_is_a_model_is_refused()
    {
        using ModelFolder folder = Folder(Whole, Config);
        Failing.With(ErrorCode.NotAnAdapter, () => folder.Merge("{merge_method: passthrough, models: [{model: base, lora: base}]}"));
        Failing.With(ErrorCode.NotAnAdapter, () => folder.Merge("{merge_method: passthrough, models: [{model: base, lora: base/model.safetensors}]}"));
    }

    [Test]
    public void A_model_that_is_an_adapter_is_refused_with_the_way_to_give_it()
    {
        using ModelFolder folder = Folder(Whole, Config);
        DemException error = Failing.With(ErrorCode.Adapter, () => folder.Merge("{merge_method: passthrough, models: [{model: lora}]}"));
        Assert.That(error.Remedy, Does.Contain("lora: ADAPTER"));
    }

    [TestCase("models: [{lora: lora}]", 3005)]
    [TestCase("models: [{model: base+lora, lora: lora}]", 2087)]
    [TestCase("models: [{model: {model: base, lora: lora}, lora: lora}]", 3004)]
    [TestCase("models: [{model: base+nothing}]", 2001)]
    [TestCase("models: [{model: nothing+lora}]", 2001)]
    public void An_adapter_is_given_once_and_with_its_model(string models, int code)
    {
        using ModelFolder folder = Folder(Whole, Config);
        Assert.That(
            () => folder.Merge($"{{merge_method: passthrough, {models}}}"),
            Throws.InstanceOf<DemException>().With.Property("Code").Property("Number").EqualTo(code));
    }

    [TestCase("{model: base+lora+lora}")]
    [TestCase("{model: base+lora, lora: lora}")]
    [TestCase("{model: base, lora: lora+lora+lora}")]
    public void Several_adapters_are_refused_with_what_to_type(string source)
    {
        using ModelFolder folder = Folder(Whole, Config);
        DemException error = Failing.With(ErrorCode.SeveralAdapters, () => folder.Merge($"{{merge_method: passthrough, models: [{source}]}}"));
        Assert.That(error.Remedy, Does.Contain("`dem lora lora lora").And.Contain("base+sum").And.Contain("{model: base, lora: lora,"));
        Assert.That(error.Line, Is.EqualTo(1));
    }

    [Test]
    public void What_the_remedy_for_several_adapters_says_is_the_sum_of_both()
    {
        using ModelFolder folder = Folder(Whole, Config);
        folder.Merge("{merge_method: task_arithmetic, base_model: base, models: [{model: base, lora: lora, parameters: {weight: 1}}, {model: base, lora: lora, parameters: {weight: 1}}], dtype: float32}", "both");
        folder.Merge("{merge_method: passthrough, models: [{model: base, lora: lora}], dtype: float32}", "one");
        double[] own = folder.Values("base", "x.weight"), one = folder.Values("one", "x.weight");
        Assert.That(folder.Values("both", "x.weight"), Is.EqualTo(one.Select((x, k) => x + (x - own[k])).ToArray()).Within(1e-6));
    }

    [Test]
    public void Several_adapters_on_the_command_line_are_refused_with_what_to_type()
    {
        using ModelFolder folder = Folder(Whole, Config);
        string model = folder.PathOf("base"), adapter = folder.PathOf("lora");
        DemException error = Failing.With(ErrorCode.SeveralAdapters, () => ModelWeights.Open($"{model}+{adapter}+{adapter}").Dispose());
        Assert.That(error.Remedy, Does.Contain($"`dem lora {adapter} {adapter} --out sum`"));
        Assert.That(AdaptedPath.Find($"{model}+{adapter}"), Is.EqualTo(new AdaptedPath(model, adapter)));
        Assert.That(AdaptedPath.Find($"{model}+{adapter}+nothing"), Is.Null);
    }

    private static void Merge(ModelFolder folder) => folder.Merge("{merge_method: passthrough, models: [{model: base+lora}]}");

    private static ModelFolder Folder((TensorSpec, byte[])[] tensors, string config)
    {
        var folder = new ModelFolder();
        folder.Model("base", Values.Random("x.weight", ElementType.BF16, [4, 6], 1), Values.Random("z.weight", ElementType.BF16, [4, 3], 1));
        TestCheckpoint.Write(folder.PathOf("lora"), tensors);
        File.Move(Path.Combine(folder.PathOf("lora"), "model.safetensors"), Path.Combine(folder.PathOf("lora"), "adapter_model.safetensors"));
        return folder.File("lora", "adapter_config.json", config);
    }

    private static (TensorSpec Spec, byte[] Bytes) Factor(string name, params long[] shape) => Values.Random(name, ElementType.F32, shape, 1);
}
