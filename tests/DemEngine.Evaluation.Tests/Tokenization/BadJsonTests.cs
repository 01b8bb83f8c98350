using System.Text.Json.Nodes;
using DemEngine.Evaluation.Language;
using DemEngine.Evaluation.Tokenization;
using DemEngine.Tests;

namespace DemEngine.Evaluation.Tests.Tokenization;

/// <summary>Files are hostile until checked: what is wrong, or not supported, is named with its file.</summary>
public sealed class BadJsonTests
{
    [TestCase("", "not valid JSON")]
    [TestCase("{", "not valid JSON")]
    [TestCase("[]", "not a JSON object")]
    [TestCase("{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"a\": 1}, \"merges\": []}}", "not valid JSON")]
    [TestCase("{\"model\": {\"type\": \"BPE\", \"vocab\": {\"\\ud800\": 0}, \"merges\": []}}", "not valid JSON")]
    [TestCase("{}", "no model")]
    [TestCase("{\"model\": 1}", "model is not an object")]
    public void Damaged_files_are_named(string json, string named) => Refuses(json, ErrorCode.BadTokenizer, named);

    [TestCase("vocab", null, "no vocab")]
    [TestCase("vocab", "{}", "vocab is empty")]
    [TestCase("vocab", "[]", "model.vocab is not an object")]
    [TestCase("vocab", """{"a": -1}""", "-1")]
    [TestCase("vocab", """{"a": 1.5}""", "1.5")]
    [TestCase("vocab", """{"a": "1"}""", "\"a\"")]
    [TestCase("vocab", """{"a": 1, "b": 1}""", "same id 1")]
    [TestCase("vocab", """{"a": 1000}""", "config.json has 1000")]
    [TestCase("merges", null, "no merges")]
    [TestCase("merges", "{}", "merges")]
    [TestCase("merges", """["a b c"]""", "merges[0]")]
    [TestCase("merges", """["ab"]""", "merges[0]")]
    [TestCase("merges", """[["a", "b", "c"]]""", "merges[0]")]
    [TestCase("merges", """[["a", 1]]""", "merges[0]")]
    [TestCase("merges", """["a b"]""", "not in the vocabulary")]
    [TestCase("byte_fallback", "1", "byte_fallback")]
    public void Damaged_models_are_named(string key, string? value, string named) =>
        Refuses(Models.ByteLevel().WithModel(key, value).Text(), ErrorCode.BadTokenizer, named);

    [Test]
    public void Merges_given_twice_are_named() => Refuses(Models.ByteLevel("a b").WithModel("merges", """["a b", "a b"]""").Text(), ErrorCode.BadTokenizer, "twice");

    [TestCase("type", "\"Unigram\"", "Unigram")]
    [TestCase("type", "\"WordPiece\"", "WordPiece")]
    [TestCase("dropout", "0.1", "dropout")]
    [TestCase("continuing_subword_prefix", "\"##\"", "continuing_subword_prefix")]
    [TestCase("end_of_word_suffix", "\"</w>\"", "end_of_word_suffix")]
    [TestCase("novelty", "1", "novelty")]
    public void Other_models_are_refused(string key, string value, string named) =>
        Refuses(Models.ByteLevel().WithModel(key, value).Text(), ErrorCode.NoTokenizer, named);

    [TestCase("normalizer", """{"type": "NFKC"}""", "NFKC")]
    [TestCase("normalizer", """{"type": "Replace", "pattern": {"Regex": "a"}, "content": "b"}""", "Regex")]
    [TestCase("normalizer", """{"type": "Sequence", "normalizers": [{"type": "Lowercase"}]}""", "normalizer.normalizers[0]")]
    [TestCase("pre_tokenizer", "null", "ByteLevel")]
    [TestCase("pre_tokenizer", """{"type": "Whitespace"}""", "Whitespace")]
    [TestCase("pre_tokenizer", """{"type": "ByteLevel", "novelty": true}""", "novelty")]
    [TestCase("pre_tokenizer", """{"type": "Sequence", "pretokenizers": [{"type": "ByteLevel"}, {"type": "Digits"}]}""", "after ByteLevel")]
    [TestCase("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "a"}, "behavior": "Removed", "invert": false}""", "behavior")]
    [TestCase("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "\\w+"}, "behavior": "Isolated"}""", "\\w")]
    [TestCase("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "a.c"}, "behavior": "Isolated"}""", "has .")]
    [TestCase("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "[a[b]]"}, "behavior": "Isolated"}""", "class within")]
    [TestCase("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "(a"}, "behavior": "Isolated"}""", "(a")]
    [TestCase("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "a++"}, "behavior": "Isolated"}""", "a++")]
    [TestCase("post_processor", """{"type": "RobertaProcessing"}""", "RobertaProcessing")]
    [TestCase("added_tokens", """[{"id": 300, "content": "<mask>", "lstrip": true}]""", "lstrip")]
    [TestCase("novelty", "1", "novelty")]
    public void What_would_be_half_obeyed_is_refused(string key, string value, string named) =>
        Refuses(Models.ByteLevel().With(key, value).Text(), ErrorCode.NoTokenizer, named);

    [TestCase("added_tokens", """[{"id": 300}]""", "content")]
    [TestCase("added_tokens", """[{"content": "a"}]""", "id")]
    [TestCase("added_tokens", """[{"id": 300, "content": ""}]""", "content")]
    [TestCase("added_tokens", """[{"id": 300, "content": "xx"}, {"id": 301, "content": "xx"}]""", "twice")]
    [TestCase("added_tokens", """[{"id": 97, "content": "xx"}]""", "97")]
    [TestCase("added_tokens", """[{"id": 300, "content": "a"}]""", "300")]
    [TestCase("post_processor", """{"type": "TemplateProcessing", "single": []}""", "leaves the text out")]
    [TestCase("post_processor", """{"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x"}}]}""", "special_tokens")]
    public void What_does_not_fit_is_named(string key, string value, string named) =>
        Refuses(Models.ByteLevel().With(key, value).Text(), ErrorCode.BadTokenizer, named);

    [Test]
    public void Fallback_needs_all_bytes()
    {
        JsonObject json = Models.ByteFallback("a");
        json["model"]!["vocab"]!.AsObject().Remove("<0x7F>");
        Refuses(json.Text(), ErrorCode.NoTokenizer, "<0x7F>");
    }

    [Test]
    public void A_character_without_a_token_is_named()
    {
        ITokenizer tokenizer = Models.Read(Models.ByteLevel().WithModel("vocab", """{"a": 0}""").Text());
        Assert.That(tokenizer.Encode("aa"), Is.EqualTo([0, 0]));
        DemException e = Assert.Throws<DemException>(() => tokenizer.Encode("ab"))!;
        Assert.That((e.Code, e.Message.Contains("tokenizer.json") && e.Message.Contains("\"b\"")), Is.EqualTo((ErrorCode.NoTokenizer, true)), e.Message);
    }

    [Test]
    public void An_endless_expression_is_stopped()
    {
        // 2^40 ways to cut the letters before the expression gives up on the last one.
        const string split = """{"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": "(?:a|aa|a?a)+!"}, "behavior": "Isolated"}, {"type": "ByteLevel", "use_regex": false}]}""";
        ITokenizer tokenizer = Models.Read(Models.ByteLevel().With("pre_tokenizer", split).Text());
        DemException e = Assert.Throws<DemException>(() => tokenizer.Encode(new string('a', 200)))!;
        Assert.That(e.Message, Does.Contain("takes too long"));
    }

    /// <summary>Each match is found in less than a second, and there are nine thousand of them.</summary>
    [Test]
    public void An_expression_with_many_slow_matches_is_stopped()
    {
        const string split = """{"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": "(?:a|aa|a?a){1,13}!|a"}, "behavior": "Isolated"}, {"type": "ByteLevel", "use_regex": false}]}""";
        ITokenizer tokenizer = Models.Read(Models.ByteLevel().With("pre_tokenizer", split).Text());
        var clock = System.Diagnostics.Stopwatch.StartNew();
        DemException e = Assert.Throws<DemException>(() => tokenizer.Encode(new string('a', 9000)))!;
        Assert.That(e.Message, Does.Contain("takes too long on a text of 9000 characters"));
        Assert.That(clock.Elapsed, Is.LessThan(TimeSpan.FromSeconds(30)));
    }

    [Test]
    public void A_file_that_cannot_be_read_is_named()
    {
        using var folder = new TempFolder();
        DemException e = Assert.Throws<DemException>(() => new CheckpointTokenizerReader().Read(folder.PathOf("tokenizer.json"), Models.Config(10)))!;
        Assert.That((e.Code, e.Message.Contains("tokenizer.json")), Is.EqualTo((ErrorCode.BadSideFile, true)));
    }

    private static void Refuses(string json, ErrorCode code, string named)
    {
        DemException e = Models.Refused(json);
        Assert.That((e.Code, e.Message), Is.EqualTo((code, e.Message)));
        Assert.That(e.Message, Does.Contain("tokenizer.json").And.Contains(named));
    }
}
