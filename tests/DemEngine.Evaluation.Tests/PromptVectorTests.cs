using System.Collections.Immutable;
using System.Text.Json.Nodes;
using DemEngine.Checkpoints;
using DemEngine.Evaluation.Embedded;
using DemEngine.Evaluation.Prompts;
using DemEngine.Evaluation.Tokenization;
using DemEngine.Merging.Mixtures;
using DemEngine.Numerics;
using DemEngine.Numerics.Simd;
using DemEngine.Recipes.Mixtures;
using DemEngine.Recipes.Values;
using DemEngine.Tests;

namespace DemEngine.Evaluation.Tests;

/// <summary>Where prompts stand in a model's hidden space, beside a plain computation of the same.</summary>
public sealed class PromptVectorTests
{
    // Characters are tokens 1 to 26, and a text begins with token 27.
    private const int Begin = 27;
    private static readonly string[] First = ["abc", "zebra"];
    private static readonly string[] Second = ["q"];

    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void Hidden_states_are_those_at_the_last_token_before_each_layer(
        [Values("llama", "mistral", "qwen2", "qwen3")] string type, [Values(1, 3)] int threads)
    {
        using TinyModel model = Write(type);
        IPromptVectors prompts = PromptVectors.For(GateMode.Hidden, _folder.PathOf("m"), new CheckpointTokenizerReader(), threads)!;
        ValueList<string>[] lists = [[.. First], [.. Second]];
        prompts.Check(lists);
        IReadOnlyList<IReadOnlyList<double[]>> vectors = prompts.Compute(lists, CancellationToken.None);
        foreach (var (list, texts) in vectors.Zip(new[] { First, Second }))
        {
            double[][][] states = [.. texts.Select(text => model.Reference.States([.. Tokens(text)]).Select(layer => layer[^1]).ToArray())];
            Assert.That(list, Has.Count.EqualTo(TinyModel.Shape.Layers));
            for (int layer = 0; layer < list.Count; layer++)
                Assert.That(list[layer], Is.EqualTo(Mean([.. states.Select(of => of[layer])])).Within(2e-5), $"layer {layer}");
        }
    }

    [TestCase("""{"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 16}""")]
    [TestCase("""{"type": "linear", "factor": 4.0}""")]
    public void Scaled_rotary_positions_are_as_in_transformers(string scaling)
    {
        var rope = (JsonObject)JsonNode.Parse(scaling)!;
        using TinyModel model = Write("llama", config => config["rope_scaling"] = rope.DeepClone());
        double factor = (double)rope["factor"]!;
        double Frequency(double frequency)
        {
            double wave = 2 * Math.PI / frequency;
            if (rope.ContainsKey("type") || wave > 16)
                return frequency / factor;
            if (wave < 4)
                return frequency;
            double smooth = ((16 / wave) - 1) / 3;
            return ((1 - smooth) * frequency / factor) + (smooth * frequency);
        }

        var reference = new ReferenceLlama(model.Config, model.Numbers) { Frequency = Frequency };
        double[] last = Compute(GateMode.Hidden, "abcdefghij")[^1];
        Assert.That(last, Is.EqualTo(reference.States([.. Tokens("abcdefghij")])[TinyModel.Shape.Layers - 1][^1]).Within(2e-5));
        Assert.That(last, Is.Not.EqualTo(model.Reference.States([.. Tokens("abcdefghij")])[TinyModel.Shape.Layers - 1][^1]).Within(2e-3));
    }

    [Test]
    public void States_do_not_show_how_they_were_computed([Values] VectorWidth width, [Values(1, 2, 5)] int threads)
    {
        using TinyModel model = Write("llama");
        var random = new Random(3);
        ImmutableArray<int>[] sequences = [.. Enumerable.Range(1, 40).Select(_ => Enumerable.Range(0, random.Next(1, 20)).Select(_ => random.Next(37)).ToImmutableArray())];
        float[][][] Of(int threads, VectorWidth width) =>
            new HiddenStates(model.Config, name => model.Find(name)!, threads, width).OfLastTokens(sequences, CancellationToken.None);
        Assert.That(Of(threads, width), Is.EqualTo(Of(1, VectorWidth.Bits128)));
    }

    /// <summary>mergekit puts the token there whether or not the tokenizer does by itself.</summary>
    [Test]
    public void Embeddings_are_added_up_over_all_prompts_and_made_a_unit_vector([Values] bool tokenizerBeginsTexts)
    {
        using TinyModel model = Write("qwen2");
        if (!tokenizerBeginsTexts)
        {
            JsonObject tokenizer = Tokenizer();
            tokenizer["post_processor"] = null;
            File.WriteAllText(_folder.PathOf("m/tokenizer.json"), tokenizer.ToJsonString());
            File.WriteAllText(_folder.PathOf("m/tokenizer_config.json"), """{"bos_token": "<s>"}""");
        }

        IReadOnlyList<double[]> vectors = Compute(GateMode.CheapEmbed, First);
        double[] embedding = model.Numbers["model.embed_tokens.weight"];
        var sum = new double[TinyModel.Shape.HiddenSize];
        foreach (int token in First.SelectMany(Tokens))
        {
            for (int k = 0; k < sum.Length; k++)
                sum[k] += embedding[(token * sum.Length) + k];
        }

        double length = Math.Sqrt(sum.Sum(value => value * value));
        Assert.That(vectors, Has.Count.EqualTo(TinyModel.Shape.Layers));
        foreach (double[] vector in vectors)
            Assert.That(vector, Is.EqualTo(sum.Select(value => value / length)).Within(1e-12));
    }

    [Test]
    public void What_cannot_be_computed_is_refused_with_a_way_out()
    {
        void Refused(GateMode mode, ErrorCode code, string message, string remedy, params string[] prompts)
        {
            IPromptVectors vectors = PromptVectors.For(mode, _folder.PathOf("m"), new CheckpointTokenizerReader(), 1)!;
            var error = Assert.Throws<DemException>(() => vectors.Check([[.. prompts]]))!;
            Assert.That(error.Code, Is.EqualTo(code), error.Message);
            Assert.That(error.Message, Does.Contain(message));
            Assert.That(error.Remedy, Does.Contain(remedy));
        }

        using TinyModel _ = Write("llama", config => config["rope_scaling"] = new JsonObject { ["rope_type"] = "yarn", ["factor"] = 2.0 });
        Refused(GateMode.Hidden, ErrorCode.UnknownArchitecture, "yarn", "cheap_embed", "a");
        using TinyModel windowed = Write("mistral", config => config["sliding_window"] = 4);
        Refused(GateMode.Hidden, ErrorCode.NoTokenizer, "is 5 tokens long, and 1 to 4 are taken", "shorter", "abcd");
        using TinyModel wrong = Write("llama", config => config["num_key_value_heads"] = 4);
        Refused(GateMode.Hidden, ErrorCode.WrongTensors, "k_proj.weight\" is F32[12, 20], and should be numbers of [24, 20]", "", "a");
        using TinyModel silent = Write("llama");
        File.Delete(_folder.PathOf("m/tokenizer.json"));
        Refused(GateMode.Hidden, ErrorCode.NoTokenizer, "there is no tokenizer.json or tokenizer.model", "gate_mode: random", "a");
        Refused(GateMode.CheapEmbed, ErrorCode.NoTokenizer, "there is no tokenizer.json or tokenizer.model", "gate_mode: random", "a");
    }

    [Test]
    public void Random_modes_need_nothing([Values(GateMode.Random, GateMode.UniformRandom)] GateMode mode) =>
        Assert.That(PromptVectors.For(mode, "m", new CheckpointTokenizerReader(), 1), Is.Null);

    private IReadOnlyList<double[]> Compute(GateMode mode, params string[] prompts) =>
        PromptVectors.For(mode, _folder.PathOf("m"), new CheckpointTokenizerReader(), 2)!.Compute([[.. prompts]], CancellationToken.None)[0];

    private TinyModel Write(string type, Action<JsonObject>? change = null)
    {
        var model = new TinyModel(TinyModel.Shape, seed: 5);
        for (int layer = 0; layer < TinyModel.Shape.Layers; layer++)
        {
            string of = $"model.layers.{layer}.self_attn.";
            void Add(string name, int length) => model.Set(of + name, new TensorShape(length), [.. Enumerable.Range(0, length).Select(k => 0.5f + (0.1f * (k % 5)) - (0.2f * (layer % 2)))]);
            if (type == "qwen2")
            {
                Add("q_proj.bias", TinyModel.Shape.QueryRows);
                Add("k_proj.bias", TinyModel.Shape.KeyValueRows);
                Add("v_proj.bias", TinyModel.Shape.KeyValueRows);
            }

            if (type == "qwen3")
            {
                Add("q_norm.weight", TinyModel.Shape.HeadSize);
                Add("k_norm.weight", TinyModel.Shape.HeadSize);
            }
        }

        if (Directory.Exists(_folder.PathOf("m")))
            Directory.Delete(_folder.PathOf("m"), recursive: true);
        model.Write(_folder.PathOf("m"), ElementType.F32);
        var config = (JsonObject)JsonNode.Parse(model.Config.ToJson(ElementType.F32))!;
        config["model_type"] = type;
        config["architectures"] = new JsonArray(type switch { "llama" => "LlamaForCausalLM", "mistral" => "MistralForCausalLM", "qwen2" => "Qwen2ForCausalLM", _ => "Qwen3ForCausalLM" });
        change?.Invoke(config);
        File.WriteAllText(_folder.PathOf("m/config.json"), config.ToJsonString());
        File.WriteAllText(_folder.PathOf("m/tokenizer.json"), Tokenizer().ToJsonString());
        File.WriteAllText(_folder.PathOf("m/tokenizer_config.json"), """{"bos_token": "<s>", "add_bos_token": true}""");
        return model;
    }

    private static JsonObject Tokenizer() => new()
    {
        ["version"] = "1.0",
        ["added_tokens"] = new JsonArray(new JsonObject { ["id"] = Begin, ["content"] = "<s>", ["single_word"] = false, ["lstrip"] = false, ["rstrip"] = false, ["normalized"] = false, ["special"] = true }),
        ["normalizer"] = null,
        ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = true, ["use_regex"] = false },
        ["post_processor"] = new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray(
                new JsonObject { ["SpecialToken"] = new JsonObject { ["id"] = "<s>", ["type_id"] = 0 } },
                new JsonObject { ["Sequence"] = new JsonObject { ["id"] = "A", ["type_id"] = 0 } }),
            ["pair"] = new JsonArray(),
            ["special_tokens"] = new JsonObject { ["<s>"] = new JsonObject { ["id"] = "<s>", ["ids"] = new JsonArray(Begin), ["tokens"] = new JsonArray("<s>") } },
        },
        ["decoder"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = true, ["trim_offsets"] = true, ["use_regex"] = true },
        ["model"] = new JsonObject
        {
            ["type"] = "BPE",
            ["vocab"] = new JsonObject(Enumerable.Range(0, 26).Select(k => KeyValuePair.Create($"{(char)('a' + k)}", (JsonNode?)(k + 1)))),
            ["merges"] = new JsonArray(),
        },
    };

    private static IEnumerable<int> Tokens(string text) => text.Select(c => c - 'a' + 1).Prepend(Begin);

    private static double[] Mean(double[][] rows) => [.. Enumerable.Range(0, rows[0].Length).Select(k => rows.Average(row => row[k]))];
}
