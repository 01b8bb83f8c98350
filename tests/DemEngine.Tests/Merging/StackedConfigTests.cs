using System.Text.Json.Nodes;
using DemEngine.Checkpoints;
using DemEngine.Numerics;

namespace DemEngine.Tests.Merging;

/// <summary>Stacks of layers of several kinds: their configuration tells the kind that each layer has, or they are refused.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class StackedConfigTests
{
    private const string Duplicating = "[{sources: [{model: a, layer_range: [0, 2]}]}, {sources: [{model: b, layer_range: [1, 4]}]}]";

    private ModelFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new ModelFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    // The output's layers are those with the numbers 0, 1, 1, 2, 3 of the models.
    [TestCase("bamba", "attn_layer_indices: [2]", "attn_layer_indices: [3]")]
    [TestCase("bamba", "attn_layer_indices: [1]", "attn_layer_indices: [1, 2]")]
    [TestCase("lfm2", "full_attn_idxs: [1, 3]", "full_attn_idxs: [1, 2, 4]")]
    [TestCase("zamba2", "hybrid_layer_ids: [3]", "hybrid_layer_ids: [4]")]
    [TestCase("qwen3_moe", "decoder_sparse_step: 1, mlp_only_layers: [0]", "decoder_sparse_step: 1, mlp_only_layers: [0]")]
    [TestCase("qwen3_moe", "decoder_sparse_step: 1, mlp_only_layers: [1, 3]", "decoder_sparse_step: 1, mlp_only_layers: [1, 2, 4]")]
    [TestCase("qwen2_moe", "decoder_sparse_step: 2, mlp_only_layers: []", "decoder_sparse_step: 1, mlp_only_layers: [0, 3]")]
    [TestCase("llama4_text", "moe_layers: [1, 3], no_rope_layers: [1, 1, 1, 0]", "moe_layers: [1, 2, 4], no_rope_layers: [1, 1, 1, 1, 0]")]
    [TestCase("llama4_text", "interleave_moe_layer_step: 2, no_rope_layers: []", "moe_layers: [1, 2, 4], no_rope_layers: [1, 1, 1, 1, 0]")]
    [TestCase("llama4_text", "moe_layers: [0, 1, 2, 3]", "moe_layers: [0, 1, 2, 3, 4]")]
    [TestCase("smollm3", "no_rope_layer_interval: 2", "no_rope_layer_interval: 2, no_rope_layers: [1, 0, 0, 1, 0]")]
    [TestCase("ernie4_5_moe", "moe_layer_start_index: 2, moe_layer_end_index: -1, moe_layer_interval: 1", "moe_layer_start_index: 3, moe_layer_end_index: 4, moe_layer_interval: 1")]
    [TestCase("ernie4_5_moe", "moe_layer_start_index: 1, moe_layer_end_index: 3, moe_layer_interval: 1", "moe_layer_start_index: 1, moe_layer_end_index: 4")]
    [TestCase("deepseek_v3", "first_k_dense_replace: 1, moe_layer_freq: 1", "first_k_dense_replace: 1, moe_layer_freq: 1")]
    [TestCase("deepseek_v3", "first_k_dense_replace: 2", "first_k_dense_replace: 3")]
    [TestCase("deepseek_v3", "first_k_dense_replace: 0, moe_layer_freq: 2", "first_k_dense_replace: 0, moe_layer_freq: 3")]
    [TestCase("modernbert", "global_attn_every_n_layers: 2", "global_attn_every_n_layers: 3")]
    [TestCase("lfm2_moe", "num_dense_layers: 3", "num_dense_layers: 4")]
    [TestCase("jamba", "attn_layer_period: 4, attn_layer_offset: 0", "attn_layer_period: 5, attn_layer_offset: 0")]
    [TestCase("gemma2", "sliding_window: 8", "layer_types: [sliding_attention, full_attention, full_attention, sliding_attention, full_attention]")]
    [TestCase("gpt_oss", "sliding_window: 8", "layer_types: [sliding_attention, full_attention, full_attention, sliding_attention, full_attention]")]
    [TestCase("gemma3_text", "sliding_window_pattern: 2", "layer_types: [sliding_attention, full_attention, full_attention, sliding_attention, full_attention]")]
    [TestCase("cohere2", "sliding_window_pattern: 4", "sliding_window_pattern: 5")]
    [TestCase("gemma3_text", "layer_types: [w, x, y, z]", "layer_types: [w, x, x, y, z]")]
    [TestCase("qwen3_next", "full_attention_interval: 4", "full_attention_interval: 5")]
    [TestCase("qwen2", "use_sliding_window: true, max_window_layers: 2", "max_window_layers: 3")]
    [TestCase("qwen2", "use_sliding_window: false, max_window_layers: 2", "max_window_layers: 2")]
    [TestCase("gemma3n_text", "intermediate_size: [8, 8, 16, 32]", "intermediate_size: [8, 8, 8, 16, 32]")]
    [TestCase("gemma3n_text", "activation_sparsity_pattern: [0.95, 0.95, 0.0, 0.5]", "activation_sparsity_pattern: [0.95, 0.95, 0.95, 0.0, 0.5]")]
    [TestCase("gemma3n_text", "num_kv_shared_layers: 2", "num_kv_shared_layers: 2")]
    [TestCase("nemotron_h", "hybrid_override_pattern: M-*M", "hybrid_override_pattern: M--*M")]
    [TestCase("recurrent_gemma", "block_types: [recurrent, attention]", "block_types: [recurrent, attention, attention, recurrent, attention]")]
    [TestCase("gpt_neo", "attention_types: [[[global, local], 2]]", "attention_types: [[[global, local, local, global, local], 1]]")]
    [TestCase("bert", "pruned_heads: {1: [0, 3]}", "pruned_heads: {1: [0, 3], 2: [0, 3]}")]
    [TestCase("mimo", "moe_layer_freq: [0, 1, 1, 1], hybrid_layer_pattern: [0, 1, 1, 0]", "moe_layer_freq: [0, 1, 1, 1, 1], hybrid_layer_pattern: [0, 1, 1, 1, 0]")]
    [TestCase("new", "any_list_of_layers: [p, q, r, s]", "any_list_of_layers: [p, q, q, r, s]")]
    [TestCase("bert", "id2label: {0: x, 1: y}, eos_token_id: [1, 2, 3, 4]", "id2label: {0: x, 1: y}, eos_token_id: [1, 2, 3, 4]")]
    public void Every_key_that_tells_layers_apart_follows_them(string type, string config, string expected)
    {
        WriteModels(4, Json($"model_type: {type}, num_hidden_layers: 4, {config}"));
        Merge(Duplicating);
        JsonObject written = Config();
        Assert.That((int)written["num_hidden_layers"]!, Is.EqualTo(5));
        foreach (var (key, value) in Json(expected))
            Assert.That(written[key]?.ToJsonString(), Is.EqualTo(value!.ToJsonString()), key);
    }

    [TestCase("jamba", "attn_layer_period: 2, attn_layer_offset: 1", "attn_layer_period", 2)]
    [TestCase("new", "cross_layer_interval: 2", "cross_layer_interval", 2)]
    [TestCase("new", "num_sparse_layers: 2", "num_sparse_layers", 2)]
    [TestCase("kimi_linear", "linear_attn_config: {full_attn_layers: [4], kda_layers: [1, 2, 3]}", "linear_attn_config", 2)]
    [TestCase("new", "moe_layers: [2, 4]", "moe_layers", 2)]
    public void A_rule_that_no_value_can_adapt_is_refused_by_its_key(string type, string config, string key, int layer)
    {
        WriteModels(4, Json($"model_type: {type}, num_hidden_layers: 4, {config}"));
        Assert.That(Failing.With(ErrorCode.LayersDoNotFit, () => Merge(Duplicating)).Message, Does.Contain(key).And.Contain($"layer {layer} of the output"));
    }

    [TestCase("jamba", "attn_layer_period: 2, attn_layer_offset: 1")]
    [TestCase("new", "cross_layer_interval: 2")]
    [TestCase("gemma2", "sliding_window: 8")]
    public void Whole_periods_can_be_stacked_as_they_are(string type, string config)
    {
        JsonObject original = Json($"model_type: {type}, num_hidden_layers: 4, {config}");
        WriteModels(4, original);
        Merge("[{sources: [{model: a, layer_range: [0, 4]}]}, {sources: [{model: b, layer_range: [2, 4]}]}]");
        original["num_hidden_layers"] = 6;
        Assert.That(Config().ToJsonString(), Is.EqualTo(original.ToJsonString()));
    }

    [Test]
    public void Layer_types_that_are_added_are_remarked()
    {
        WriteModels(4, Json("model_type: gemma2, num_hidden_layers: 4"));
        Assert.That(Merge(Duplicating), Has.One.Contains("layer_types is added"));
    }

    [Test]
    public void A_key_that_repeats_a_list_and_no_longer_fits_is_remarked()
    {
        WriteModels(4, Json("model_type: gemma3_text, num_hidden_layers: 4, sliding_window_pattern: 2, layer_types: [s, f, s, f]"));
        Assert.That(Merge(Duplicating), Has.One.Contains("sliding_window_pattern no longer fits"));
        Assert.That(Config()["layer_types"]!.ToJsonString(), Is.EqualTo("""["s","f","f","s","f"]"""));
    }

    [Test]
    public void A_list_of_kinds_can_stand_for_the_number_of_layers()
    {
        WriteModels(4, Json("model_type: nemotron_h, layers_block_type: [mamba, moe, attention, mamba]"));
        Merge(Duplicating);
        Assert.That(Config()["layers_block_type"]!.AsArray(), Has.Count.EqualTo(5));
        Assert.That(Config().ContainsKey("num_hidden_layers"), Is.False);
    }

    [Test]
    public void Index_lists_of_a_section_follow_the_module_of_that_section()
    {
        foreach (var (model, seed) in new[] { ("a", 1), ("b", 2) })
        {
            _folder.Model(model,
                [
                    .. Layers("language_model.model.layers", 4, seed, _ => ["self_attn.q_proj.weight", "norm.weight"]),
                    .. Layers("vision_model.transformer.layers", 4, seed, _ => ["self_attn.q_proj.weight", "norm.weight"]),
                    Values.Random("multi_modal_projector.weight", ElementType.F32, [4, 4], seed),
                ])
                .File(model, "config.json", Json(
                    "model_type: mllama, text_config: {num_hidden_layers: 4, cross_attention_layers: [1]}, "
                    + "vision_config: {num_hidden_layers: 4, intermediate_layers_indices: [0, 3]}").ToJsonString());
        }

        _folder.Merge($$"""
            merge_method: passthrough
            modules:
              language_model: {slices: {{Duplicating}}}
              vision_model: {slices: [{sources: [{model: a, layer_range: [0, 1]}]}, {sources: [{model: b, layer_range: [2, 4]}]}]}
              multi_modal_projector: {models: [{model: a}]}
            """);
        Assert.That(Config()["text_config"]!.ToJsonString(), Is.EqualTo("""{"num_hidden_layers":5,"cross_attention_layers":[1,2]}"""));
        Assert.That(Config()["vision_config"]!.ToJsonString(), Is.EqualTo("""{"num_hidden_layers":3,"intermediate_layers_indices":[0,2]}"""));
    }

    [TestCase("vision_model.encoder.layers", "num_hidden_layers: 4, feature_layers_indices: [2]", "feature_layers_indices: [3]")]
    [TestCase("vision_model.encoder.layers", "vision_feature_layer: -2, text_config: {num_hidden_layers: 4}, vision_config: {num_hidden_layers: 4}", "text_config: {num_hidden_layers: 4}, vision_config: {num_hidden_layers: 5}")]
    [TestCase("audio_tower.layers", "num_hidden_layers: 4, audio_config: {num_hidden_layers: 4}", "num_hidden_layers: 4, audio_config: {num_hidden_layers: 5}")]
    [TestCase("qformer.encoder.layer", "num_hidden_layers: 4, qformer_config: {num_hidden_layers: 4}", "num_hidden_layers: 4, qformer_config: {num_hidden_layers: 5}")]
    [TestCase("decoder.encoder.layer", "decoder: {model_type: bert, num_hidden_layers: 4}, encoder: {model_type: bert, num_hidden_layers: 2}", "encoder: {model_type: bert, num_hidden_layers: 2}")]
    public void A_stack_changes_its_own_section(string stack, string config, string expected)
    {
        foreach (var (model, seed) in new[] { ("a", 1), ("b", 2) })
            _folder.Model(model, Layers(stack, 4, seed, _ => ["mlp.weight", "norm.weight"])).File(model, "config.json", Json(config).ToJsonString());
        Merge(Duplicating);
        foreach (var (key, value) in Json(expected))
            Assert.That(Config()[key]?.ToJsonString(), Is.EqualTo(value!.ToJsonString()), key);
    }

    [Test]
    public void A_layer_of_a_vision_tower_that_the_model_picks_by_its_number_keeps_it()
    {
        foreach (var (model, seed) in new[] { ("a", 1), ("b", 2) })
        {
            _folder.Model(model, Layers("vision_tower.encoder.layers", 4, seed, _ => ["mlp.weight", "norm.weight"]))
                .File(model, "config.json", Json("vision_feature_layer: 4, vision_config: {num_hidden_layers: 4}").ToJsonString());
        }

        Assert.That(Failing.With(ErrorCode.LayersDoNotFit, () => Merge(Duplicating)).Message, Does.Contain("vision_feature_layer"));
    }

    [Test]
    public void A_list_with_one_item_for_one_layer_grows_too()
    {
        WriteModels(1, Json("num_hidden_layers: 1, layer_types: [x], architectures: [Y]"));
        Merge("[{sources: [{model: a, layer_range: [0, 1]}]}, {sources: [{model: b, layer_range: [0, 1]}]}]");
        Assert.That(Config()["layer_types"]!.ToJsonString(), Is.EqualTo("""["x","x"]"""));
        Assert.That(Config()["architectures"]!.AsArray(), Has.Count.EqualTo(1));
    }

    [Test]
    public void Layers_that_only_another_model_tells_apart_are_refused()
    {
        WriteModels(4, Json("num_hidden_layers: 4"));
        _folder.File("b", "config.json", Json("num_hidden_layers: 4, layer_types: [x, y, x, y]").ToJsonString());
        Assert.That(Failing.With(ErrorCode.LayersDoNotFit, () => Merge(Duplicating)).Message, Does.Contain("layer_types").And.Contain("\"b\""));
        _folder.File("b", "config.json", Json("num_hidden_layers: 4, layer_types: [x, x, x, x]").ToJsonString());
        Assert.That(() => Merge(Duplicating), Throws.Nothing);
    }

    [TestCase("embed_tokens_per_layer")]
    [TestCase("per_layer_model_projection")]
    public void Tensors_with_a_part_for_each_layer_are_refused(string name)
    {
        foreach (var (model, seed) in new[] { ("a", 1), ("b", 2) })
        {
            _folder.Model(model, [.. Layers("model.layers", 4, seed, _ => ["mlp.weight", "norm.weight"]), Values.Random($"model.{name}.weight", ElementType.F32, [10, 12], seed)])
                .File(model, "config.json", """{"num_hidden_layers": 4}""");
        }

        Assert.That(Failing.With(ErrorCode.LayersDoNotFit, () => Merge(Duplicating)).Message, Does.Contain(name));
        Assert.That(() => Merge("[{sources: [{model: a, layer_range: [0, 2]}]}, {sources: [{model: b, layer_range: [2, 4]}]}]"), Throws.Nothing);
    }

    [Test]
    public void A_table_of_the_first_layer_alone_is_missed_where_another_comes_first()
    {
        foreach (var (model, seed) in new[] { ("a", 1), ("b", 2) })
        {
            _folder.Model(model,
                [
                    .. Layers("decoder.block", 4, seed, layer =>
                        layer == 0 ? ["layer.0.q.weight", "layer.0.relative_attention_bias.weight"] : ["layer.0.q.weight"]),
                ])
                .File(model, "config.json", """{"is_encoder_decoder": true, "num_layers": 4, "num_decoder_layers": 4}""");
        }

        Assert.That(
            Failing.With(ErrorCode.LayersDoNotFit, () => Merge("[{sources: [{model: a, layer_range: [1, 4]}]}]")).Message,
            Does.Contain("layer 1 of \"a\"").And.Contain("has no \"layer.0.relative_attention_bias.weight\""));
        Assert.That(
            Failing.With(ErrorCode.LayersDoNotFit, () => Merge("[{sources: [{model: a, layer_range: [0, 4]}]}, {sources: [{model: b, layer_range: [0, 2]}]}]")).Message,
            Does.Contain("layer 0 of \"b\" does not fit as layer 4").And.Contain("relative_attention_bias"));
        Merge(Duplicating);
        Assert.That(Config().ToJsonString(), Is.EqualTo("""{"is_encoder_decoder":true,"num_layers":4,"num_decoder_layers":5}"""));
    }

    [Test]
    public void T5_without_a_key_for_its_decoder_keeps_the_number_of_its_encoder()
    {
        foreach (var (model, seed) in new[] { ("a", 1), ("b", 2) })
        {
            _folder.Model(model, [.. Layers("encoder.block", 4, seed, _ => ["x.weight"]), .. Layers("decoder.block", 4, seed, _ => ["x.weight"])])
                .File(model, "config.json", """{"is_encoder_decoder": true, "num_layers": 4}""");
        }

        _folder.Merge($"merge_method: passthrough\nmodules: {{encoder: {{models: [{{model: a}}]}}, decoder: {{slices: {Duplicating}}}}}");
        Assert.That(((int)Config()["num_layers"]!, (int)Config()["num_decoder_layers"]!), Is.EqualTo((4, 5)));
    }

    [Test]
    public void Layers_of_kinds_that_no_key_tells_apart_keep_their_places()
    {
        WriteModels(4, Json("num_hidden_layers: 4"), layer => layer % 2 == 0 ? ["mamba.weight", "norm.weight"] : ["attn.weight", "norm.weight"]);
        Assert.That(Failing.With(ErrorCode.LayersDoNotFit, () => Merge(Duplicating)).Message, Does.Contain("layer 1 of \"b\" does not fit as layer 2"));
    }

    [Test]
    public void Layers_of_another_width_do_not_fit()
    {
        WriteModels(4, Json("num_hidden_layers: 4"));
        _folder.Model("b", [.. Layers("model.layers", 4, 1, _ => ["mlp.up_proj.weight", "norm.weight"], 6)]);
        Assert.That(Failing.With(ErrorCode.LayersDoNotFit, () => Merge(Duplicating)).Message, Does.Contain("layer 1 of \"b\"").And.Contain("[6, 6]"));
    }

    [Test]
    public void What_predicts_further_tokens_follows_the_last_layer()
    {
        foreach (var (model, seed) in new[] { ("a", 1), ("b", 2) })
        {
            _folder.Model(model, [.. Layers("model.layers", 5, seed, layer => layer == 4 ? ["mlp.up_proj.weight", "norm.weight", "eh_proj.weight"] : ["mlp.up_proj.weight", "norm.weight"])])
                .File(model, "config.json", Json("num_hidden_layers: 4, num_nextn_predict_layers: 1, layer_types: [p, q, r, s]").ToJsonString());
        }

        Merge("[{sources: [{model: a, layer_range: [0, 3]}]}, {sources: [{model: b, layer_range: [1, 4]}]}]");
        Assert.That(Config().ToJsonString(), Is.EqualTo("""{"num_hidden_layers":6,"num_nextn_predict_layers":1,"layer_types":["p","q","r","q","r","s"]}"""));
        Assert.That(_folder.Bytes("out", "model.layers.6.eh_proj.weight"), Is.EqualTo(_folder.Bytes("b", "model.layers.4.eh_proj.weight")));
        Assert.That(_folder.Bytes("out", "model.layers.5.norm.weight"), Is.EqualTo(_folder.Bytes("b", "model.layers.3.norm.weight")));
        Assert.That(
            Failing.With(ErrorCode.WrongValue, () => Merge("[{sources: [{model: a, layer_range: [0, 5]}]}]")).Message, Does.Contain("beyond the 4 layers"));
    }

    [Test]
    public void Layers_in_stages_keep_their_places()
    {
        foreach (var (model, seed) in new[] { ("a", 1), ("b", 2) })
        {
            _folder.Model(model,
                [
                    .. Layers("encoder.layers.0.blocks", 2, seed, _ => ["attention.q.weight", "norm.weight"]),
                    .. Layers("encoder.layers.1.blocks", 2, seed, _ => ["attention.q.weight", "norm.weight"]),
                ])
                .File(model, "config.json", """{"depths": [2, 2]}""");
        }

        Assert.That(Failing.With(ErrorCode.LayersDoNotFit, () => Merge(Duplicating)).Message, Does.Contain("depths"));
        Failing.With(ErrorCode.LayersDoNotFit, () => Merge("[{sources: [{model: a, layer_range: [0, 2]}]}]"));
        Merge("[{sources: [{model: a, layer_range: [0, 3]}]}, {sources: [{model: b, layer_range: [3, 4]}]}]");
        Assert.That(_folder.Bytes("out", "encoder.layers.1.blocks.0.norm.weight"), Is.EqualTo(_folder.Bytes("a", "encoder.layers.1.blocks.0.norm.weight")));
        Assert.That(_folder.Bytes("out", "encoder.layers.1.blocks.1.norm.weight"), Is.EqualTo(_folder.Bytes("b", "encoder.layers.1.blocks.1.norm.weight")));
        Assert.That(Config().ToJsonString(), Is.EqualTo("""{"depths":[2,2]}"""));
    }

    private static (TensorSpec Spec, byte[] Bytes)[] Layers(string stack, int count, int seed, Func<int, string[]> names, int width = 4) =>
        [.. Enumerable.Range(0, count).SelectMany(layer => names(layer).Select(name => Values.Random($"{stack}.{layer}.{name}", ElementType.F32, [width, width], seed)))];

    /// <summary>Reads a mapping without quotation marks.</summary>
    private static JsonObject Json(string text) => (JsonObject)JsonNode.Parse(
        "{" + System.Text.RegularExpressions.Regex.Replace(text, @"[A-Za-z_*\-][\w*\-]*|(?<=[{,] ?)\d+(?=:)", match =>
            match.Value is "true" or "false" || (match.Value[0] == '-' && match.Value.Length > 1 && char.IsDigit(match.Value[1])) ? match.Value : $"\"{match.Value}\"") + "}")!;

    private void WriteModels(int count, JsonObject config, Func<int, string[]>? names = null)
    {
        foreach (var (model, seed) in new[] { ("a", 1), ("b", 2) })
        {
            _folder.Model(model, Layers("model.layers", count, seed, names ?? (_ => ["mlp.up_proj.weight", "norm.weight"])))
                .File(model, "config.json", config.ToJsonString());
        }
    }

    private IReadOnlyList<string> Merge(string slices) =>
        _folder.Merge($"merge_method: passthrough\nslices: {slices}").Remarks;

    private JsonObject Config() => (JsonObject)JsonNode.Parse(File.ReadAllBytes(_folder.PathOf("out/config.json")))!;
}
