using System.Text.Json.Nodes;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Numerics;
using DemEngine.Tests.Vocabularies;

namespace DemEngine.Tests.Merging;

/// <summary>Tokenizers and embeddings that do not have the same tokens.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class TokenizerCutTests
{
    private const string Half = "merge_method: linear\nmodels: [{model: base}, {model: other}]\nparameters: {weight: 0.5}\n";
    private const string Name = "model.embed_tokens.weight";

    [TestCase("base", new[] { "a", "b", "ab", "<s>" })]
    [TestCase("union", new[] { "a", "b", "ab", "<s>", "c" })]
    public void Tokens_without_a_row_are_left_out(string source, string[] expected)
    {
        using ModelFolder folder = new ModelFolder()
            .Model("base", Values.Random(Name, ElementType.F32, [4, 3], 1))
            .Model("other", Values.Random(Name, ElementType.F32, [5, 3], 2))
            .File("base", "tokenizer.json", TokenizerTexts.Bpe(["a", "b", "ab"], ["<s>", "<unused>", "<pad>"], ["a b"]))
            .File("base", "tokenizer_config.json", """{"pad_token": "<pad>", "bos_token": "<s>", "added_tokens_decoder": {"3": {"content": "<s>"}, "5": {"content": "<pad>"}}}""")
            .File("base", "config.json", """{"vocab_size": 4, "bos_token_id": 3, "pad_token_id": 5}""")
            .File("other", "config.json", """{"vocab_size": 5}""")
            .File("other", "tokenizer.json", TokenizerTexts.Bpe(["a", "b", "ab", "c"], ["<s>", "<other unused>"], ["a b"]));
        RunReport report = folder.Merge(Half + $"tokenizer_source: {source}");
        JsonNode tokenizer = Json(folder, "tokenizer.json");
        IEnumerable<string> tokens = tokenizer["model"]!["vocab"]!.AsObject().Select(pair => pair.Key)
            .Union(tokenizer["added_tokens"]!.AsArray().Select(entry => (string)entry!["content"]!));
        Assert.That(tokens, Is.EquivalentTo(expected));
        Assert.That(folder.Values("out", Name), Has.Length.EqualTo(3 * expected.Length).And.None.EqualTo(0));
        Assert.That((int)Json(folder, "config.json")["vocab_size"]!, Is.EqualTo(expected.Length));
        Assert.That(Json(folder, "tokenizer_config.json").ToJsonString(), Does.Not.Contain("pad").And.Contain("bos_token"));
        Assert.That(report.Remarks, Has.One.Contains("2 tokens of the tokenizer of \"base\" have no row there and are left out of the output's: \"<unused>\", \"<pad>\""));
        Assert.That(report.Remarks, Has.One.Contains("pad_token was \"<pad>\""));
        Assert.That(report.Remarks, Has.One.Contains("config.json: pad_token_id is 5, of the token \"<pad>\""));
    }

    [Test]
    public void One_tokenizer_with_tokens_that_have_no_row_is_cut_too()
    {
        using ModelFolder folder = new();
        foreach (string model in new[] { "base", "other" })
            folder.Model(model, Values.Random(Name, ElementType.F32, [2, 3], 1)).File(model, "tokenizer.json", TokenizerTexts.Bpe(["a", "b", "c"]));
        folder.Merge(Half + "tokenizer_source: base");
        Assert.That(Json(folder, "tokenizer.json")["model"]!["vocab"]!.ToJsonString(), Is.EqualTo("""{"a":0,"b":1}"""));
        Assert.That(folder.Bytes("out", Name), Is.EqualTo(folder.Bytes("base", Name)));
    }

    [Test]
    public void The_tokenizer_keeps_the_tokens_of_the_rows_that_all_have()
    {
        using ModelFolder folder = Common().File("base", "tokenizer.json", TokenizerTexts.Bpe(["a", "b", "c", "bc", "abc"], ["<x>"], ["b c", "a bc"]))
            .File("base", "tokenizer_config.json", """{"additional_special_tokens": ["<x>"], "added_tokens_decoder": {"5": {"content": "<x>"}}}""")
            .File("base", "config.json", """{"vocab_size": 6, "text_config": {"image_token_index": 5, "bos_token_id": 1}}""");
        RunReport report = folder.Merge(Half, alignment: new AlignmentOptions { Vocabulary = VocabularyPolicy.Common });
        JsonNode tokenizer = Json(folder, "tokenizer.json");
        Assert.That(tokenizer["model"]!["vocab"]!.ToJsonString(), Is.EqualTo("""{"a":0,"b":1,"c":2,"bc":3}"""));
        Assert.That(tokenizer["model"]!["merges"]!.ToJsonString(), Is.EqualTo("""["b c"]"""));
        Assert.That(tokenizer["added_tokens"]!.AsArray(), Is.Empty);
        Assert.That(Json(folder, "tokenizer_config.json").ToJsonString(), Is.EqualTo("""{"additional_special_tokens":[],"added_tokens_decoder":{}}"""));
        Assert.That((int)Json(folder, "config.json")["vocab_size"]!, Is.EqualTo(4));
        Assert.That(report.Remarks, Has.One.Contains("2 tokens of the base have no row in the output and are left out of its tokenizer: \"abc\", \"<x>\""));
        Assert.That(report.Remarks, Has.One.Contains("config.json: text_config.image_token_index is 5"));
    }

    [Test]
    public void A_tokenizer_that_cannot_be_cut_is_refused()
    {
        using ModelFolder folder = Common().File("base", "vocab.json", """{"a": 0, "z": 5}""");
        DemException error = Failing.With(ErrorCode.UnsupportedFeature, () => folder.Merge(Half, alignment: new AlignmentOptions { Vocabulary = VocabularyPolicy.Common }));
        Assert.That(error.Message, Does.Contain("the output has 4 rows, and tokens beyond them can be taken from the tokenizer only if it is a tokenizer.json"));
    }

    [TestCase("\"unk_token\": \"z\"", "")]
    [TestCase("\"x\": 1", "\"post_processor\": {\"special_tokens\": {\"z\": {\"id\": 5}}},")]
    public void A_token_that_the_tokenizer_cannot_do_without_is_named(string model, string more)
    {
        using ModelFolder folder = Common().File("base", "tokenizer.json", $$$"""{{{{more}}} "model": {"type": "BPE", {{{model}}}, "vocab": {"a": 0, "z": 5}, "merges": []}}""");
        DemException error = Failing.With(ErrorCode.UnsupportedFeature, () => folder.Merge(Half, alignment: new AlignmentOptions { Vocabulary = VocabularyPolicy.Common }));
        Assert.That(error.Message, Does.Contain("the token \"z\" has no row in the output"));
    }

    [Test]
    public void Another_order_of_tokens_is_remarked_where_rows_are_merged_as_they_lie()
    {
        using ModelFolder folder = Same().File("base", "tokenizer.json", TokenizerTexts.Bpe(["a", "b", "c", "d"])).File("other", "tokenizer.json", TokenizerTexts.Bpe(["a", "c", "b", "e"]));
        Assert.That(folder.Merge(Half).Remarks, Is.EqualTo([
            "the tokenizer of \"other\" differs from the base's: 2 tokens have other ids, 1 of the base's are not there, 1 are new (\"b\" is 2 there and 1 in the base); "
            + "rows are merged as they lie (see `tokenizer_source`)",
        ]));
    }

    [Test]
    public void Other_merges_of_the_same_tokens_are_remarked()
    {
        using ModelFolder folder = Same().File("base", "tokenizer.json", TokenizerTexts.Bpe(["a", "b", "ab", "d"], merges: ["a b"])).File("other", "tokenizer.json", TokenizerTexts.Bpe(["a", "b", "ab", "d"]));
        Assert.That(folder.Merge(Half).Remarks, Has.One.Contains("has the base's tokens, but other merges"));
    }

    [Test]
    public void The_same_tokenizer_written_otherwise_is_not_remarked()
    {
        using ModelFolder folder = Same().File("base", "tokenizer.json", TokenizerTexts.Bpe(["a", "b", "ab", "d"], merges: ["a b"]))
            .File("other", "tokenizer.json", TokenizerTexts.Bpe(["a", "b", "ab", "d"], merges: ["a b"]).Replace("\"a b\"", "[\"a\", \"b\"]", StringComparison.Ordinal));
        Assert.That(folder.Merge(Half).Remarks, Is.Empty);
    }

    [Test]
    public void Tokenizers_that_cannot_be_compared_are_remarked()
    {
        using ModelFolder folder = Same().File("base", "tokenizer.model", "one").File("other", "tokenizer.model", "two");
        Assert.That(folder.Merge(Half).Remarks, Has.One.Contains("whether its tokens are the same could not be found out"));
    }

    [Test]
    public void An_embedding_and_an_output_matrix_of_different_vocabularies_are_refused()
    {
        using ModelFolder folder = new();
        foreach (var (model, rows) in new[] { ("base", 6), ("other", 5) })
            folder.Model(model, Values.Random(Name, ElementType.F32, [rows, 3], 1), Values.Random("model.layers.0.x", ElementType.F32, [3], 1), Values.Random("lm_head.weight", ElementType.F32, [rows, 3], 1));
        DemException error = Failing.With(ErrorCode.VocabularyMismatch, () => folder.Merge(
            "merge_method: passthrough\nslices: [{sources: [{model: base, layer_range: [0, 1]}]}, {sources: [{model: other, layer_range: [0, 1]}]}]"));
        Assert.That(error.Message, Does.Contain("has 6 rows").And.Contain("\"lm_head.weight\" 5"));
    }

    [Test]
    public void Models_in_which_no_row_is_known_are_refused()
    {
        using ModelFolder folder = new ModelFolder()
            .Model("base", Values.Random("net.lexicon", ElementType.F32, [4, 3], 1))
            .Model("other", Values.Random("net.lexicon", ElementType.F32, [4, 3], 2))
            .File("base", "tokenizer.json", TokenizerTexts.Bpe(["a", "b"])).File("other", "tokenizer.json", TokenizerTexts.Bpe(["b", "a"]));
        Failing.With(ErrorCode.UnknownVocabularyTensor, () => folder.Merge(Half + "tokenizer_source: base"));
    }

    [Test]
    public void A_slow_tokenizer_alone_is_named_with_the_way_to_a_fast_one()
    {
        using ModelFolder folder = Same().File("base", "tokenizer.model", "one").File("other", "tokenizer.json", TokenizerTexts.Bpe(["a"]));
        DemException error = Failing.With(ErrorCode.BadSideFile, () => folder.Merge(Half + "tokenizer_source: union"));
        Assert.That(error.Message, Does.Contain("base: there is a tokenizer.model and no tokenizer.json"));
        Assert.That(error.Remedy, Does.Contain("AutoTokenizer.from_pretrained(\"base\").save_pretrained(\"base\")").And.Not.Contain("Fetch"));
    }

    private static ModelFolder Common() => new ModelFolder()
        .Model("base", Values.Random(Name, ElementType.F32, [6, 3], 1))
        .Model("other", Values.Random(Name, ElementType.F32, [4, 3], 2));

    private static ModelFolder Same() => new ModelFolder()
        .Model("base", Values.Random(Name, ElementType.F32, [4, 3], 1))
        .Model("other", Values.Random(Name, ElementType.F32, [4, 3], 2));

    private static JsonNode Json(ModelFolder folder, string file) => JsonNode.Parse(File.ReadAllBytes(folder.PathOf($"out/{file}")))!;
}
