using DemEngine.Vocabularies;

namespace DemEngine.Tests.Vocabularies;

public sealed class VocabularyReaderTests
{
    [Test]
    public void A_tokenizer_file_holds_the_tokens_of_its_model_and_added_ones()
    {
        Vocabulary vocabulary = Read(("tokenizer.json", TokenizerTexts.Bpe(["a", "b", "ab"], ["<s>", "</s>"], ["a b"])))!;
        Assert.That(vocabulary.Ids, Is.EquivalentTo(new Dictionary<string, int> { ["a"] = 0, ["b"] = 1, ["ab"] = 2, ["<s>"] = 3, ["</s>"] = 4 }));
        Assert.That(vocabulary.Size, Is.EqualTo(5));
        Assert.That(vocabulary.TokenOf(4), Is.EqualTo("</s>"));
    }

    [Test]
    public void An_added_token_s_own_id_counts()
    {
        Vocabulary vocabulary = Read(("tokenizer.json", $$$"""{"added_tokens": [{{{TokenizerTexts.AddedToken("b", 9)}}}], "model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}}"""))!;
        Assert.That(vocabulary.Find("b"), Is.EqualTo(9));
        Assert.That(vocabulary.Size, Is.EqualTo(10));
        Assert.That(vocabulary.TokenOf(1), Is.Null);
    }

    [Test]
    public void Unigram_counts_its_entries() =>
        Assert.That(Read(("tokenizer.json", TokenizerTexts.Unigram(("<unk>", 0), ("▁a", -1.5))))!.Find("▁a"), Is.EqualTo(1));

    [Test]
    public void Older_files_are_read_too()
    {
        Vocabulary vocabulary = Read(("vocab.json", """{"a": 0, "b": 1}"""), ("merges.txt", "a b"), ("added_tokens.json", """{"<pad>": 2}"""))!;
        Assert.That(vocabulary.Ids.OrderBy(pair => pair.Value).Select(pair => pair.Key), Is.EqualTo(["a", "b", "<pad>"]));
        Assert.That(Read(("vocab.txt", "[PAD]\r\n[UNK]\nthe\n"))!.Ids.OrderBy(pair => pair.Value).Select(pair => pair.Key), Is.EqualTo(["[PAD]", "[UNK]", "the"]));
    }

    [Test]
    public void The_newer_file_counts_where_there_are_both() =>
        Assert.That(Read(("vocab.json", """{"z": 0}"""), ("tokenizer.json", TokenizerTexts.Bpe(["a"])))!.Find("z"), Is.Null);

    [Test]
    public void Without_any_file_there_is_no_vocabulary() => Assert.That(Read(("config.json", "{}")), Is.Null);

    [TestCase("tokenizer.model", "x", "m: there is a tokenizer.model and no tokenizer.json")]
    [TestCase("tekken.json", "{}", "m: there is a tekken.json")]
    [TestCase("tokenizer.json", "{", "m: tokenizer.json: ")]
    [TestCase("tokenizer.json", "[]", "m: tokenizer.json is not a JSON object")]
    [TestCase("tokenizer.json", "{}", "there is no model")]
    [TestCase("tokenizer.json", """{"model": {}}""", "the model has no vocabulary")]
    [TestCase("tokenizer.json", """{"model": {"vocab": {"a": -1}}}""", "the id of \"a\" is no whole number from 0")]
    [TestCase("tokenizer.json", """{"model": {"vocab": {"a": 99999999}}}""", "the id of \"a\" is no whole number from 0")]
    [TestCase("tokenizer.json", """{"model": {"vocab": {"a": 0.5}}}""", "the id of \"a\" is no whole number from 0")]
    [TestCase("tokenizer.json", """{"model": {"vocab": {"a": "0"}}}""", "the id of \"a\" is no whole number from 0")]
    [TestCase("tokenizer.json", """{"model": {"vocab": {"a": 0, "a": 1}}}""", "m: tokenizer.json: ")]
    [TestCase("tokenizer.json", """{"model": {"vocab": [["a", 0], ["a", 1]]}}""", "the token \"a\" occurs twice")]
    [TestCase("tokenizer.json", """{"model": {"vocab": ["a"]}}""", "entry 0 of the vocabulary is no pair")]
    [TestCase("tokenizer.json", """{"model": {"vocab": {}}, "added_tokens": [1]}""", "an added token is no object")]
    [TestCase("tokenizer.json", """{"model": {"vocab": {}}, "added_tokens": [{"id": 1}]}""", "an added token has no content")]
    [TestCase("tokenizer.json", """{"model": {"vocab": {}}, "added_tokens": [{"content": "x"}]}""", "the id of \"x\" is no whole number from 0")]
    [TestCase("tokenizer.json", """{"normalizer": {"a": 1, "a": 2}, "model": {"vocab": {}}}""", "m: tokenizer.json: ")]
    [TestCase("vocab.json", "[]", "m: vocab.json: not a JSON object")]
    [TestCase("vocab.json", """{"a": 0, "a": 1}""", "the token \"a\" occurs twice")]
    [TestCase("vocab.json", """{"a": -4}""", "the id of \"a\" is no whole number from 0")]
    [TestCase("vocab.json", "{", "m: vocab.json: ")]
    [TestCase("vocab.txt", "a\nb\na\n", "vocab.txt: the token \"a\" occurs twice")]
    public void What_is_not_as_expected_is_named(string file, string contents, string message)
    {
        var error = Assert.Throws<DemException>(() => Read((file, contents)))!;
        Assert.That(error.Code, Is.SameAs(ErrorCode.BadSideFile));
        Assert.That(error.Message, Does.Contain(message));
    }

    private static Vocabulary? Read(params (string Name, string Contents)[] files) =>
        VocabularyReader.Read(files.ToDictionary(file => file.Name, file => TokenizerTexts.Bytes(file.Contents)), "m");
}
