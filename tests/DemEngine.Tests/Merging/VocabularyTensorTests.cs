using System.Text.Json.Nodes;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Numerics;
using DemEngine.Tests.Vocabularies;

namespace DemEngine.Tests.Merging;

/// <summary>Which tensors have a row for each token, in models of many kinds.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class VocabularyTensorTests
{
    private const int V = 23;
    private const int D = 8;
    private const string Half = "merge_method: linear\nmodels: [{model: base}, {model: other}]\nparameters: {weight: 0.5}\n";

    /// <summary>By kind of model: its configuration, and its tensors with the dimension that counts tokens, or −1.</summary>
    private static readonly Dictionary<string, (string Config, (string Name, long[] Shape, int Axis)[] Tensors)> Kinds = new()
    {
        ["nemotron-h"] = (Plain, [("backbone.embedding.weight", [V, D], 0), ("lm_head.weight", [V, D], 0)]),
        ["nemotron-h of the hub"] = (Plain, [("backbone.embeddings.weight", [V, D], 0), ("lm_head.weight", [V, D], 0)]),
        ["clip"] = (
            """{"text_config": {"vocab_size": 23, "hidden_size": 8}, "vision_config": {"hidden_size": 12}}""",
            [("text_model.embeddings.token_embedding.weight", [V, D], 0), ("text_model.embeddings.position_embedding.weight", [V, D], -1)]),
        ["rwkv"] = (Plain, [("rwkv.embeddings.weight", [V, D], 0), ("head.weight", [V, D], 0)]),
        ["xlnet"] = (
            """{"vocab_size": 23, "d_model": 8, "d_inner": 16}""",
            [("transformer.word_embedding.weight", [V, D], 0), ("lm_loss.weight", [V, D], 0), ("lm_loss.bias", [V], 0)]),
        ["electra"] = (
            """{"vocab_size": 23, "embedding_size": 4, "hidden_size": 8}""",
            [("electra.embeddings.word_embeddings.weight", [V, 4], 0), ("generator_lm_head.weight", [V, 4], 0), ("generator_lm_head.bias", [V], 0)]),
        ["modernbert"] = (Plain, [("model.embeddings.tok_embeddings.weight", [V, D], 0), ("decoder.weight", [V, D], 0), ("decoder.bias", [V], 0)]),
        ["bart"] = (
            """{"vocab_size": 23, "d_model": 8}""",
            [("model.shared.weight", [V, D], 0), ("final_logits_bias", [1, V], 1)]),
        ["ctrl"] = ("""{"vocab_size": 23, "n_embd": 8}""", [("transformer.w.weight", [V, D], 0), ("lm_head.bias", [V], 0)]),
        ["openai-gpt"] = ("""{"vocab_size": 23, "n_embd": 8, "n_positions": 23}""", [("tokens_embed.weight", [V, D], 0), ("positions_embed.weight", [V, D], -1)]),
        ["xlm"] = ("""{"n_words": 23, "emb_dim": 8}""", [("transformer.embeddings.weight", [V, D], 0), ("pred_layer.proj.weight", [V, D], 0), ("pred_layer.proj.bias", [V], 0)]),
        ["fsmt"] = (
            """{"src_vocab_size": 23, "tgt_vocab_size": 23, "d_model": 8}""",
            [("model.encoder.embed_tokens.weight", [V, D], 0), ("model.decoder.embed_tokens.weight", [V, D], 0), ("model.decoder.output_projection.weight", [V, D], 0)]),
        ["mobilebert"] = (
            """{"vocab_size": 23, "embedding_size": 4, "hidden_size": 8}""",
            [("mobilebert.embeddings.word_embeddings.weight", [V, 4], 0), ("cls.predictions.dense.weight", [4, V], 1), ("cls.predictions.bias", [V], 0)]),
        ["mobilebert as wide as its vocabulary"] = (
            """{"vocab_size": 23, "embedding_size": 4, "hidden_size": 27}""",
            [("mobilebert.embeddings.word_embeddings.weight", [V, 4], 0), ("cls.predictions.dense.weight", [V, V], 1)]),
        ["an unknown name"] = (Plain, [("net.lexicon.weight", [V, D], 0), ("net.readout.bias", [V], 0)]),
        ["a layer that predicts several tokens"] = (Plain, [("model.embed_tokens.weight", [V, D], 0), ("model.layers.1.embed_tokens.weight", [V, D], 0), ("model.layers.1.shared_head.head.weight", [V, D], 0)]),
        ["as wide as its vocabulary"] = (
            """{"vocab_size": 23, "hidden_size": 23}""",
            [("model.embed_tokens.weight", [V, V], 0), ("model.norm.weight", [V], -1), ("pooler.dense.weight", [V, V], -1), ("model.layers.0.mlp.down_proj.weight", [V, V], -1)]),
        ["mllama"] = (
            """{"text_config": {"vocab_size": 23, "hidden_size": 8}}""",
            [("language_model.model.embed_tokens.weight", [V + 8, D], 0), ("language_model.lm_head.weight", [V, D], 0)]),
        ["gemma3n"] = (
            """{"text_config": {"vocab_size": 23, "vocab_size_per_layer_input": 21, "hidden_size": 8}, "vision_config": {"vocab_size": 3}}""",
            [("model.language_model.embed_tokens.weight", [V, D], 0), ("model.language_model.embed_tokens_per_layer.weight", [V - 2, 12], 0), ("model.embed_vision.embedding.weight", [3, D], -1)]),
        ["qformer"] = (
            """{"text_config": {"vocab_size": 23, "hidden_size": 8}, "qformer_config": {"vocab_size": 17}}""",
            [("language_model.model.embed_tokens.weight", [V, D], 0), ("qformer.embeddings.word_embeddings.weight", [17, D], -1)]),
        ["t2u"] = (
            """{"vocab_size": 23, "t2u_vocab_size": 11, "hidden_size": 8}""",
            [("shared.weight", [V, D], 0), ("t2u_model.lm_head.weight", [11, D], -1)]),
        ["csm"] = (
            """{"text_vocab_size": 23, "vocab_size": 11, "hidden_size": 8, "depth_decoder_config": {"vocab_size": 11}}""",
            [("embed_text_tokens.weight", [V, D], 0), ("lm_head.weight", [11, D], -1), ("depth_decoder.model.embed_tokens.weight", [44, D], -1)]),
    };

    private static IEnumerable<string> KindNames => Kinds.Keys;

    private static string Plain => """{"vocab_size": 23, "hidden_size": 8, "intermediate_size": 16}""";

    // The last two tokens stay in their places, where a table may lack a row for them.
    private static int[] Order { get; } = Shuffled(V - 2);

    [TestCaseSource(nameof(KindNames))]
    public void A_model_and_the_same_with_its_tokens_in_another_order_give_the_model(string kind)
    {
        using ModelFolder folder = Permuted(kind);
        folder.Merge(Half + "tokenizer_source: base");
        foreach (var (name, _, _) in Kinds[kind].Tensors)
            Assert.That(folder.Bytes("out", name), Is.EqualTo(folder.Bytes("base", name)), name);
        Assert.That(File.ReadAllBytes(folder.PathOf("out/config.json")), Is.EqualTo(File.ReadAllBytes(folder.PathOf("base/config.json"))));
    }

    [TestCaseSource(nameof(KindNames))]
    public void Every_table_grows_with_the_vocabulary_and_so_does_what_the_configuration_says(string kind)
    {
        using ModelFolder folder = Permuted(kind);
        folder.Merge("merge_method: passthrough\nmodels: [{model: base}]\ntokenizer: {source: base, tokens: {n1: {source: {kind: zero}}, n2: {source: {kind: zero}}}}");
        using var output = Checkpoint.Open(folder.PathOf("out"));
        foreach (var (name, shape, axis) in Kinds[kind].Tensors)
        {
            long[] expected = [.. shape];
            if (axis >= 0)
                expected[axis] = shape[axis] switch { V - 2 => V + 2, var rows => rows + 2 };
            Assert.That(output.Find(name)!.Spec.Shape.Dimensions, Is.EqualTo(expected), name);
        }

        string config = File.ReadAllText(folder.PathOf("out/config.json"));
        Assert.That(config, Does.Not.Contain("size\": 23,").And.Not.Contain("vocab_size\": 23").And.Contain("25"));
        if (kind == "gemma3n")
            Assert.That((int)JsonNode.Parse(config)!["text_config"]!["vocab_size_per_layer_input"]!, Is.EqualTo(V + 2));
    }

    [Test]
    public void Integers_that_are_looked_up_by_token_are_rearranged_too()
    {
        byte[] experts = new byte[V * 6 * sizeof(long)];
        new Random(1).NextBytes(experts);
        byte[] moved = [.. Order.Concat([V - 2, V - 1]).SelectMany(token => experts[(token * 48)..((token + 1) * 48)])];
        using ModelFolder folder = new();
        foreach (var (model, bytes) in new[] { ("base", experts), ("other", moved) })
            folder.Model(model, Table("model.embed_tokens.weight", [V, D], 0, isMoved: model == "other"), TestCheckpoint.Tensor("model.layers.0.mlp.gate.tid2eid", ElementType.I64, [V, 6], bytes));
        WriteTokenizers(folder, Plain);
        RunReport report = folder.Merge(Half + "tokenizer_source: base");
        Assert.That(folder.Bytes("out", "model.layers.0.mlp.gate.tid2eid"), Is.EqualTo(experts));
        Assert.That(report.Remarks, Is.Empty);
    }

    [TestCase("model.lexicon.weight", new long[] { V, V }, "as wide")]
    [TestCase("model.lexicon.weight", new long[] { V, 5 }, "of no known width")]
    [TestCase("model.lexicon.weight", new long[] { V }, "no bias")]
    [TestCase("model.lexicon.weight", new long[] { V, 2, 2 }, "three dimensions")]
    [TestCase("model.layers.1.lexicon.weight", new long[] { V, D }, "in one layer")]
    [TestCase("lm_head.weight", new long[] { V - 4, D }, "fewer rows")]
    [TestCase("qformer.embeddings.word_embeddings.weight", new long[] { V, D }, "a part of its own, as large")]
    public void A_tensor_in_doubt_is_named_where_rows_are_moved(string name, long[] shape, string why)
    {
        string config = why == "as wide" ? Plain.Replace("16", "23", StringComparison.Ordinal)
            : why.StartsWith("a part", StringComparison.Ordinal) ? """{"vocab_size": 23, "hidden_size": 8, "qformer_config": {"vocab_size": 23}}""" : Plain;
        using ModelFolder folder = new();
        foreach (string model in new[] { "base", "other" })
            folder.Model(
                model,
                Table("model.embed_tokens.weight", [V, D], 0, model == "other"),
                Values.Random("model.layers.0.up.weight", ElementType.F32, [16, D], 1),
                Values.Random("model.layers.1.up.weight", ElementType.F32, [16, D], 1),
                Values.Random(name, ElementType.F32, shape, 2));
        WriteTokenizers(folder, config);
        DemException error = Failing.With(ErrorCode.UnknownVocabularyTensor, () => folder.Merge(Half + "tokenizer_source: base"));
        Assert.That(error.Message, Does.Contain($"\"{name}\" [{string.Join(", ", shape)}] may belong to the vocabulary of 23 rows"));
        Assert.DoesNotThrow(() => folder.Merge(Half));
    }

    [Test]
    public void What_follows_the_vocabulary_from_model_to_model_is_of_it_whatever_its_width([Values(VocabularyPolicy.Base, VocabularyPolicy.Common)] VocabularyPolicy policy)
    {
        using ModelFolder folder = new();
        foreach (var (model, rows) in new[] { ("base", V), ("other", V - 3) })
            folder.Model(
                    model,
                    Values.Random("shared.weight", ElementType.F32, [rows, V], 1),
                    Values.Random("net.lexicon.weight", ElementType.F32, [rows, V], 2),
                    Values.Random("final_logits_bias", ElementType.F32, [1, rows], 3),
                    Values.Random("net.mix.weight", ElementType.F32, [V, V], 4))
                .File(model, "config.json", $$"""{"vocab_size": {{rows}}, "d_model": 23}""");
        folder.Merge(Half, alignment: new AlignmentOptions { Vocabulary = policy });
        int expected = policy == VocabularyPolicy.Base ? V : V - 3;
        foreach (string name in new[] { "shared.weight", "net.lexicon.weight", "final_logits_bias" })
        {
            double[] one = folder.Values("base", name), other = folder.Values("other", name), merged = folder.Values("out", name);
            Assert.That(merged, Has.Length.EqualTo(expected * (name == "final_logits_bias" ? 1 : V)));
            Assert.That(merged, Is.EqualTo(merged.Select((_, k) => (float)((one[k] + (k < other.Length ? other[k] : one[k])) / 2))), name);
        }

        Assert.That(folder.Values("out", "net.mix.weight"), Has.Length.EqualTo(V * V));
        Assert.That((int)JsonNode.Parse(File.ReadAllBytes(folder.PathOf("out/config.json")))!["vocab_size"]!, Is.EqualTo(expected));
    }

    [Test]
    public void A_table_that_only_the_base_has_is_cut_with_the_others()
    {
        using ModelFolder folder = new ModelFolder()
            .Model("base", Values.Random("model.embed_tokens.weight", ElementType.F32, [V, D], 1), Values.Random("lm_head.weight", ElementType.F32, [V, D], 2))
            .Model("other", Values.Random("model.embed_tokens.weight", ElementType.F32, [V - 2, D], 3));
        folder.Merge(Half, alignment: new AlignmentOptions { Vocabulary = VocabularyPolicy.Common, Missing = MissingTensors.Base });
        Assert.That(folder.Values("out", "lm_head.weight"), Is.EqualTo(folder.Values("base", "lm_head.weight")[..((V - 2) * D)]));
    }

    [Test]
    public void Rows_beyond_the_vocabulary_are_not_cut_by_number([Values(VocabularyPolicy.Base, VocabularyPolicy.Common)] VocabularyPolicy policy)
    {
        using ModelFolder folder = new();
        foreach (var (model, rows) in new[] { ("base", V), ("other", V - 3) })
            folder.Model(model, Values.Random("embed_tokens.weight", ElementType.F32, [rows + 8, D], 1), Values.Random("lm_head.weight", ElementType.F32, [rows, D], 1))
                .File(model, "config.json", $$"""{"vocab_size": {{rows}}}""");
        DemException error = Failing.With(ErrorCode.VocabularyMismatch, () => folder.Merge(Half, alignment: new AlignmentOptions { Vocabulary = policy }));
        Assert.That(error.Remedy, Does.Contain("tokenizer_source"));
    }

    private static ModelFolder Permuted(string kind)
    {
        var (config, tensors) = Kinds[kind];
        var folder = new ModelFolder();
        foreach (string model in new[] { "base", "other" })
            folder.Model(model, [.. tensors.Select(one => Table(one.Name, one.Shape, one.Axis, model == "other"))]);
        WriteTokenizers(folder, config);
        return folder;
    }

    private static void WriteTokenizers(ModelFolder folder, string config)
    {
        foreach (string model in new[] { "base", "other" })
        {
            int[] order = model == "base" ? [.. Enumerable.Range(0, V)] : [.. Order, V - 2, V - 1];
            folder.File(model, "config.json", config)
                .File(model, "tokenizer.json", TokenizerTexts.Bpe([.. order.Select(token => $"t{token}")]));
        }
    }

    /// <summary>A tensor whose entries are in the other model's order, if it has tokens along a dimension.</summary>
    private static (TensorSpec Spec, byte[] Bytes) Table(string name, long[] shape, int axis, bool isMoved)
    {
        var tensor = Values.Random(name, ElementType.F32, shape, 7);
        if (!isMoved || axis < 0)
            return tensor;
        double[] values = Values.Of(ElementType.F32, tensor.Bytes);
        int inner = (int)shape[(axis + 1)..].Aggregate(1L, (product, size) => product * size);
        int tokens = (int)shape[axis];
        return Values.Tensor(name, ElementType.F32, shape, k =>
        {
            int token = k / inner % tokens;
            return values[k + (((token < Order.Length ? Order[token] : token) - token) * inner)];
        });
    }

    private static int[] Shuffled(int count)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        new Random(3).Shuffle(order);
        return order;
    }
}
