using System.Text;
using System.Text.Json.Nodes;
using DemEngine.Evaluation.Language;
using DemEngine.Numerics;
using DemEngine.Tests;

namespace DemEngine.Evaluation.Tests.Language;

public class LlamaConfigTests
{
    private const string Plain = """
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 300, "hidden_size": 48, "intermediate_size": 80,
         "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64, "rms_norm_eps": 1e-5,
         "rope_theta": 50000.0, "tie_word_embeddings": true, "bos_token_id": 1, "eos_token_id": [2, 7], "attention_bias": false,
         "rope_scaling": null, "hidden_act": "silu", "use_cache": true, "transformers_version": "4.44.0"}
        """;

    [Test]
    public void All_values_are_read()
    {
        LlamaConfig config = Parse(Plain);
        Assert.Multiple(() =>
        {
            Assert.That(config.VocabularySize, Is.EqualTo(300));
            Assert.That(config.HiddenSize, Is.EqualTo(48));
            Assert.That(config.IntermediateSize, Is.EqualTo(80));
            Assert.That(config.Layers, Is.EqualTo(3));
            Assert.That((config.AttentionHeads, config.KeyValueHeads, config.HeadSize), Is.EqualTo((4, 2, 12)));
            Assert.That(config.RmsNormEpsilon, Is.EqualTo(1e-5));
            Assert.That(config.RopeTheta, Is.EqualTo(50000));
            Assert.That(config.MaxPositions, Is.EqualTo(64));
            Assert.That(config.TieEmbeddings);
            Assert.That(config.BeginOfText, Is.EqualTo(1));
            Assert.That(config.EndOfText, Is.EqualTo(new[] { 2, 7 }));
        });
    }

    [Test]
    public void What_is_left_out_is_as_Hugging_Face_has_it()
    {
        LlamaConfig config = Parse("""
            {"model_type": "llama", "vocab_size": 10, "hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
            """);
        Assert.Multiple(() =>
        {
            Assert.That((config.KeyValueHeads, config.HeadSize, config.MaxPositions), Is.EqualTo((2, 4, 2048)));
            Assert.That((config.RmsNormEpsilon, config.RopeTheta, config.TieEmbeddings), Is.EqualTo((1e-6, 10000, false)));
            Assert.That(config.BeginOfText, Is.Null);
            Assert.That(config.EndOfText, Is.Empty);
        });
    }

    [TestCase("head_dim", "24")]
    [TestCase("eos_token_id", "5")]
    [TestCase("bos_token_id", "null")]
    [TestCase("rope_parameters", """{"rope_type": "default", "rope_theta": 77.0}""")]
    [TestCase("sliding_window", "64")]
    public void What_is_written_reads_back_the_same(string key, string value)
    {
        LlamaConfig config = Parse(With(key, value));
        Assert.That(LlamaConfig.Parse(config.ToJson(ElementType.BF16), "written"), Is.EqualTo(config));
    }

    [Test]
    public void Frequencies_of_newer_files_are_found() =>
        Assert.That(Parse(With("rope_parameters", """{"rope_type": "default", "rope_theta": 77.0}""")).RopeTheta, Is.EqualTo(77));

    [TestCase("qwen2", """{"use_sliding_window": false, "sliding_window": 8}""")]
    [TestCase("qwen3", """{"head_dim": 6}""")]
    [TestCase("mistral", """{"sliding_window": 8}""")]
    [TestCase("llama", """{"rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32}}""")]
    [TestCase("llama", """{"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 77.0}}""")]
    public void Another_family_reads_back_the_same(string type, string more)
    {
        JsonObject config = JsonNode.Parse(Plain)!.AsObject();
        config["model_type"] = type;
        config["architectures"] = new JsonArray($"{char.ToUpperInvariant(type[0])}{type[1..]}ForCausalLM");
        foreach (var (key, value) in JsonNode.Parse(more)!.AsObject())
            config[key] = value?.DeepClone();
        LlamaConfig read = Parse(config.ToJsonString());
        Assert.That((read.HasBiases, read.HasHeadNorms, read.Window, read.Scaling is null), Is.EqualTo((type == "qwen2", type == "qwen3", type == "mistral" ? 8 : (int?)null, type != "llama")));
        Assert.That(LlamaConfig.Parse(read.ToJson(ElementType.F32), "written"), Is.EqualTo(read));
    }

    [Test]
    public void A_window_in_some_layers_is_refused()
    {
        JsonObject config = JsonNode.Parse(Plain.Replace("LlamaForCausalLM", "Qwen2ForCausalLM").Replace("\"llama\"", "\"qwen2\""))!.AsObject();
        config["use_sliding_window"] = true;
        config["sliding_window"] = 8;
        Assert.That(Assert.Throws<DemException>(() => Parse(config.ToJsonString()))!.Message, Does.Contain("sliding_window"));
    }

    [Test]
    public void Mistral_without_a_window_is_Llama() =>
        Assert.That(
            Parse(Plain.Replace("LlamaForCausalLM", "MistralForCausalLM").Replace("\"llama\"", "\"mistral\"")), Is.EqualTo(Parse(Plain)));

    [TestCase("model_type", "\"gpt2\"", "model_type is \"gpt2\"")]
    [TestCase("model_type", "\"qwen2\"", "architectures is \"LlamaForCausalLM\"")]
    [TestCase("architectures", "[\"LlamaForSequenceClassification\"]", "LlamaForSequenceClassification")]
    [TestCase("rope_scaling", """{"rope_type": "yarn", "factor": 8.0}""", "rope_type \"yarn\"")]
    [TestCase("rope_scaling", """{"factor": 8.0}""", "\"factor\"")]
    [TestCase("attention_bias", "true", "attention_bias")]
    [TestCase("mlp_bias", "true", "mlp_bias")]
    [TestCase("hidden_act", "\"gelu\"", "hidden_act is \"gelu\"")]
    [TestCase("sliding_window", "32", "sliding_window")]
    [TestCase("quantization_config", "{}", "quantization_config")]
    public void Another_architecture_is_refused_by_name(string key, string value, string named)
    {
        var error = Assert.Throws<DemException>(() => Parse(With(key, value)))!;
        Assert.That(error.Code, Is.EqualTo(ErrorCode.UnknownArchitecture));
        Assert.That(error.Message, Does.Contain(named).And.Contains("the file"));
    }

    [TestCase("hidden_size", "0", "hidden_size")]
    [TestCase("hidden_size", "null", "there is no hidden_size")]
    [TestCase("hidden_size", "49", "not a multiple")]
    [TestCase("hidden_size", "1e3x", "line 1")]
    [TestCase("vocab_size", "\"many\"", "vocab_size")]
    [TestCase("num_key_value_heads", "3", "num_key_value_heads 3")]
    [TestCase("head_dim", "7", "rotated")]
    [TestCase("rms_norm_eps", "-1", "rms_norm_eps")]
    [TestCase("tie_word_embeddings", "1", "tie_word_embeddings")]
    [TestCase("eos_token_id", "[-1]", "eos_token_id")]
    [TestCase("num_hidden_layers", "2000000000", "num_hidden_layers is 2000000000")]
    [TestCase("max_position_embeddings", "1", "max_position_embeddings")]
    public void A_bad_value_is_named(string key, string value, string named)
    {
        string json = value.Contains('x') ? Plain.Replace("\"hidden_size\": 48", $"\"hidden_size\": {value}") : With(key, value);
        var error = Assert.Throws<DemException>(() => Parse(json))!;
        Assert.That(error.Code, Is.EqualTo(ErrorCode.BadConfig));
        Assert.That(error.Message, Does.Contain(named).And.Contains("the file"));
    }

    [Test]
    public void A_file_that_is_not_there_is_named()
    {
        using var folder = new TempFolder();
        var error = Assert.Throws<DemException>(() => LlamaConfig.Read(folder.Path))!;
        Assert.That(error.Code, Is.EqualTo(ErrorCode.BadSideFile));
        Assert.That(error.Message, Does.Contain("config.json"));
    }

    private static LlamaConfig Parse(string json) => LlamaConfig.Parse(Encoding.UTF8.GetBytes(json), "the file");

    private static string With(string key, string value)
    {
        JsonObject config = JsonNode.Parse(Plain)!.AsObject();
        config[key] = JsonNode.Parse(value);
        return config.ToJsonString();
    }
}
