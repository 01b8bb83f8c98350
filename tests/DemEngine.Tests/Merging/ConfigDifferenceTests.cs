namespace DemEngine.Tests.Merging;

/// <summary>What is remarked where models' configurations differ in what their tensors mean.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class ConfigDifferenceTests
{
    private LayeredModels _models = null!;

    [SetUp]
    public void WriteModels() => _models = new LayeredModels().Add("a", 1, 1).Add("b", 1, 2);

    [TearDown]
    public void DeleteModels() => _models.Dispose();

    [TestCase(
        """{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "rope_theta": 10000.0}""",
        """{"architectures": ["MistralForCausalLM"], "model_type": "mistral", "rope_theta": 1000000, "sliding_window": 4096}""",
        "model_type is \"mistral\" and not \"llama\"; architectures is [\"MistralForCausalLM\"] and not [\"LlamaForCausalLM\"]; "
        + "rope_theta is 1000000 and not 10000.0; sliding_window is 4096 and not null")]
    [TestCase("""{"num_attention_heads": 32}""", """{"num_attention_heads": 16}""", "num_attention_heads is 16 and not 32")]
    [TestCase("""{"hidden_act": "silu"}""", """{"hidden_act": "gelu"}""", "hidden_act is \"gelu\" and not \"silu\"")]
    [TestCase(
        """{"rope_theta": 10000, "rope_scaling": null}""",
        """{"rope_theta": 10000, "rope_scaling": {"type": "linear", "factor": 4.0}}""",
        "rope_scaling is {\"factor\":4.0,\"rope_type\":\"linear\"} and not null")]
    [TestCase(
        """{"rope_theta": 10000}""",
        """{"rope_parameters": {"rope_theta": 5000, "rope_type": "default"}}""",
        "rope_theta is 5000 and not 10000")]
    [TestCase(
        """{"text_config": {"rms_norm_eps": 1e-6}, "vision_config": {"hidden_act": "gelu"}}""",
        """{"text_config": {"rms_norm_eps": 1e-5}, "vision_config": {"hidden_act": "gelu"}}""",
        "text_config.rms_norm_eps is 1e-5 and not 1e-6")]
    public void Both_values_of_a_key_that_differs_are_named(string first, string second, string difference) =>
        Assert.That(Remarks(first, second), Is.EqualTo(["config.json of \"b\" is unlike that of \"a\", which the output has: " + difference]));

    [TestCase("""{"rope_theta": 10000.0, "vocab_size": 3}""", """{"rope_theta": 10000, "vocab_size": 4}""")]
    [TestCase("""{"rope_theta": 10000}""", """{"rope_parameters": {"rope_theta": 10000.0, "rope_type": "default"}}""")]
    [TestCase("""{"rope_scaling": {"type": "yarn", "factor": 4}}""", """{"rope_scaling": {"factor": 4.0, "rope_type": "yarn", "type": "yarn"}}""")]
    [TestCase("""{"sliding_window": null}""", """{"head_dim": 64}""")]
    [TestCase("""{"model_type": "llama"}""", """{"model_type": "mistral", "model_type": "llama"}""")]
    public void What_means_the_same_or_is_not_said_is_not_remarked(string first, string second) =>
        Assert.That(Remarks(first, second), Is.Empty);

    private IReadOnlyList<string> Remarks(string first, string second)
    {
        _models.Folder.File("a", "config.json", first).File("b", "config.json", second);
        return _models.Folder.Merge("merge_method: linear\nmodels: [{model: a}, {model: b}]\nparameters: {weight: 1}").Remarks;
    }
}
