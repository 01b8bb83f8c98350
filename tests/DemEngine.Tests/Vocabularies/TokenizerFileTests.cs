using System.Text;
using System.Text.Json.Nodes;
using DemEngine.Vocabularies;

namespace DemEngine.Tests.Vocabularies;

public sealed class TokenizerFileTests
{
    [Test]
    public void A_union_keeps_the_ids_that_are_there_and_adds_tokens_merges_and_added_tokens()
    {
        TokenizerFile tokenizer = Parse(TokenizerTexts.Bpe(["a", "b", "c", "ab"], ["<s>"], ["a b"]));
        Assert.That(tokenizer.AddAll(Parse(TokenizerTexts.Bpe(["b", "c", "d", "bc", "bcd"], ["<s>", "<t>"], ["b c", "bc d"]))), Is.EqualTo(4));
        JsonNode root = JsonNode.Parse(tokenizer.ToJson())!;
        var expected = new Dictionary<string, int> { ["a"] = 0, ["b"] = 1, ["c"] = 2, ["ab"] = 3, ["<s>"] = 4, ["d"] = 5, ["bc"] = 6, ["bcd"] = 7, ["<t>"] = 8 };
        Assert.That(tokenizer.Vocabulary.Ids, Is.EquivalentTo(expected));

        // Added tokens stand in the model too, or the library that reads the file would number them anew.
        Assert.That(root["model"]!["vocab"]!.AsObject().ToDictionary(pair => pair.Key, pair => (int)pair.Value!), Is.EquivalentTo(expected));
        Assert.That(root["model"]!["merges"]!.AsArray().Select(merge => (string?)merge), Is.EqualTo(["a b", "b c", "bc d"]));
        Assert.That(root["added_tokens"]!.AsArray().Select(entry => ((int)entry!["id"]!, (string?)entry["content"])), Is.EqualTo([(4, "<s>"), (8, "<t>")]));
        Assert.That((bool)root["added_tokens"]![1]!["special"]!, Is.True);
        Assert.That(Parse(Encoding.UTF8.GetString(tokenizer.ToJson())).Vocabulary, Is.EqualTo(tokenizer.Vocabulary));
    }

    [Test]
    public void A_union_with_nothing_new_changes_nothing()
    {
        TokenizerFile tokenizer = Parse(TokenizerTexts.Bpe(["a", "b"], ["<s>"]));
        string before = Encoding.UTF8.GetString(tokenizer.ToJson());
        Assert.That(tokenizer.AddAll(Parse(TokenizerTexts.Bpe(["b"], ["<s>"]))), Is.Zero);
        Assert.That(Encoding.UTF8.GetString(tokenizer.ToJson()), Is.EqualTo(before));
    }

    [Test]
    public void Merges_of_tokens_with_spaces_are_written_as_pairs()
    {
        TokenizerFile tokenizer = Parse(TokenizerTexts.Bpe(["a", "b", "ab"], merges: ["a b"]));
        tokenizer.AddAll(Parse("""{"model": {"type": "BPE", "vocab": {" ": 0, "a": 1, " a": 2}, "merges": [[" ", "a"]]}}"""));
        JsonArray merges = JsonNode.Parse(tokenizer.ToJson())!["model"]!["merges"]!.AsArray();
        Assert.That(merges.Select(merge => merge!.AsArray().Select(part => (string?)part)), Is.EqualTo(new[] { new[] { "a", "b" }, [" ", "a"] }));
    }

    [Test]
    public void Unigram_tokens_keep_their_scores()
    {
        TokenizerFile tokenizer = Parse(TokenizerTexts.Unigram(("<unk>", 0), ("▁a", -1.5)));
        tokenizer.AddAll(Parse(TokenizerTexts.Unigram(("<unk>", 0), ("▁b", -2.5), ("▁a", -9))));
        JsonArray vocab = JsonNode.Parse(tokenizer.ToJson())!["model"]!["vocab"]!.AsArray();
        Assert.That(vocab.Select(entry => ((string?)entry![0], (double)entry[1]!)), Is.EqualTo([("<unk>", 0.0), ("▁a", -1.5), ("▁b", -2.5)]));
    }

    [Test]
    public void A_token_can_be_added_by_itself()
    {
        TokenizerFile tokenizer = Parse(TokenizerTexts.Bpe(["a"], ["<s>"]));
        Assert.That(tokenizer.AddWhole("<|new|>"), Is.EqualTo(2));
        JsonNode root = JsonNode.Parse(tokenizer.ToJson())!;
        Assert.That((int)root["model"]!["vocab"]!["<|new|>"]!, Is.EqualTo(2));
        Assert.That((int)root["model"]!["vocab"]!["<s>"]!, Is.EqualTo(1));
        JsonNode entry = root["added_tokens"]![1]!;
        Assert.That(((int)entry["id"]!, (string?)entry["content"], (bool)entry["special"]!), Is.EqualTo((2, "<|new|>", false)));
    }

    [Test]
    public void Kinds_cannot_be_mixed()
    {
        var error = Assert.Throws<DemException>(() => Parse(TokenizerTexts.Bpe(["a"])).AddAll(Parse(TokenizerTexts.Unigram(("b", 0)))))!;
        Assert.That(error.Code, Is.SameAs(ErrorCode.UnsupportedFeature));
        Assert.That(error.Message, Does.Contain("BPE").And.Contain("Unigram"));
    }

    [TestCase("""[1]""")]
    [TestCase("""["ab"]""")]
    [TestCase("""["a b c"]""")]
    [TestCase("""[["a"]]""")]
    public void Merges_that_are_none_are_named(string merges)
    {
        var error = Assert.Throws<DemException>(() => Parse(TokenizerTexts.Bpe(["a"])).AddAll(Parse($$$"""{"model": {"type": "BPE", "vocab": {"z": 0}, "merges": {{{merges}}}}}""")))!;
        Assert.That(error.Code, Is.SameAs(ErrorCode.BadSideFile));
        Assert.That(error.Message, Does.Contain("is no merge of two tokens"));
    }

    [Test]
    public void Parts_that_give_tokens_another_meaning_are_found()
    {
        TokenizerFile one = Parse(TokenizerTexts.Bpe(["a"], more: "\"normalizer\": null, \"pre_tokenizer\": {\"type\": \"ByteLevel\"},"));
        Assert.That(one.DifferencesTo(Parse(TokenizerTexts.Bpe(["b"], more: "\"pre_tokenizer\": {\"type\": \"ByteLevel\"},"))), Is.Empty);
        Assert.That(one.DifferencesTo(Parse(TokenizerTexts.Bpe(["b"], more: "\"pre_tokenizer\": {\"type\": \"Metaspace\"},"))), Is.EqualTo(["pre_tokenizer"]));
    }

    [Test]
    public void Other_files_with_ids_are_kept_in_step()
    {
        TokenizerFile tokenizer = Parse(TokenizerTexts.Bpe(["a"], ["<s>"]));
        tokenizer.AddWhole("<|new|>");
        var files = new Dictionary<string, byte[]>
        {
            ["tokenizer_config.json"] = TokenizerTexts.Bytes("""{"added_tokens_decoder": {"1": {"content": "<s>", "special": true}}, "bos_token": "<s>"}"""),
            ["vocab.json"] = [1],
            ["merges.txt"] = [1],
            ["special_tokens_map.json"] = [2],
        };
        Assert.That(TokenizerSettings.Write(files, tokenizer, [], "a"), Is.Empty);
        Assert.That(files.Keys, Is.EquivalentTo(["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"]));
        JsonNode decoder = JsonNode.Parse(files["tokenizer_config.json"])!["added_tokens_decoder"]!;
        Assert.That(decoder.ToJsonString(), Does.StartWith("""{"1":{"content":"\u003Cs\u003E","special":true},"2":{"content":"\u003C|new|\u003E","single_word":false"""));
        Assert.That(decoder["2"]!["id"], Is.Null);
    }

    [Test]
    public void Ids_of_special_tokens_follow_their_tokens()
    {
        var from = new Vocabulary([new("a", 0), new("<s>", 1), new("</s>", 2), new("<pad>", 3)]);
        var to = new Vocabulary([new("</s>", 0), new("<s>", 5)]);
        var files = new Dictionary<string, byte[]>
        {
            ["config.json"] = TokenizerTexts.Bytes("""{"bos_token_id": 1, "eos_token_id": [2, 1], "pad_token_id": 3, "unk_token_id": null, "sep_token_id": 77, "hidden_size": 2}"""),
            ["generation_config.json"] = TokenizerTexts.Bytes("""{"eos_token_id": 2}"""),
        };
        IReadOnlyList<string> left = TokenIds.Move(files, from, to, "a");
        JsonNode config = JsonNode.Parse(files["config.json"])!;
        Assert.That(config.ToJsonString(), Is.EqualTo("""{"bos_token_id":5,"eos_token_id":[0,5],"pad_token_id":3,"unk_token_id":null,"sep_token_id":77,"hidden_size":2}"""));
        Assert.That((int)JsonNode.Parse(files["generation_config.json"])!["eos_token_id"]!, Is.Zero);
        Assert.That(left, Has.Count.EqualTo(1));
        Assert.That(left[0], Does.Contain("config.json: pad_token_id is 3, of the token \"<pad>\""));
    }

    [Test]
    public void Ids_in_every_section_follow_their_tokens()
    {
        var from = new Vocabulary([new("a", 0), new("<img>", 1), new("</s>", 2), new("<gone>", 3)]);
        var to = new Vocabulary([new("</s>", 0), new("<img>", 5)]);
        var files = new Dictionary<string, byte[]>
        {
            ["config.json"] = TokenizerTexts.Bytes("""
                {"image_token_index": 1, "vocab_size": 4, "text_config": {"vocab_size": 4, "eos_token_id": [2, 1], "video_token_id": 3},
                 "qformer_config": {"vocab_size": 3, "pad_token_id": 1, "image_token_index": 3}, "vision_config": {"boi_token_index": 1, "hidden_size": 2}}
                """),
            ["generation_config.json"] = TokenizerTexts.Bytes(
                """{"decoder_start_token_id": 2, "suppress_tokens": [1, 2], "forced_decoder_ids": [[1, 2], [2, null]], "lang_to_id": {"en": 1}, "max_length": 2}"""),
        };
        IReadOnlyList<string> left = TokenIds.Move(files, from, to, "a");
        Assert.That(JsonNode.Parse(files["config.json"])!.ToJsonString(), Is.EqualTo(
            """{"image_token_index":5,"vocab_size":4,"text_config":{"vocab_size":4,"eos_token_id":[0,5],"video_token_id":3},"""
            + "\"qformer_config\":" + """{"vocab_size":3,"pad_token_id":1,"image_token_index":3},"""
            + "\"vision_config\":" + """{"boi_token_index":5,"hidden_size":2}}"""));
        Assert.That(JsonNode.Parse(files["generation_config.json"])!.ToJsonString(), Is.EqualTo(
            """{"decoder_start_token_id":0,"suppress_tokens":[5,0],"forced_decoder_ids":[[1,0],[2,null]],"lang_to_id":{"en":5},"max_length":2}"""));
        Assert.That(left, Has.Count.EqualTo(2));
        Assert.That(left, Has.One.Contains("text_config.video_token_id is 3, of the token \"<gone>\"").And.One.Contains("qformer_config.image_token_index is 3"));
    }

    [Test]
    public void A_large_vocabulary_grows_by_many_tokens_and_is_cut_again()
    {
        const int Tokens = 200_000;
        TokenizerFile tokenizer = Parse(TokenizerTexts.Bpe([.. Enumerable.Range(0, Tokens).Select(k => $"t{k}")], merges: ["t1 t2"]));
        string[] added = [.. Enumerable.Range(0, 2000).Select(k => $"<{k}>")];
        Assert.That(tokenizer.AddAll(Parse(TokenizerTexts.Bpe([.. Enumerable.Range(0, Tokens).Select(k => $"u{k}")], added, ["u1 u2"]))), Is.EqualTo(Tokens + 2000));
        Assert.That(tokenizer.Vocabulary.Find("<1999>"), Is.EqualTo((2 * Tokens) + 1999));
        var files = new Dictionary<string, byte[]> { ["tokenizer_config.json"] = TokenizerTexts.Bytes("""{"added_tokens_decoder": {}}""") };
        TokenizerSettings.Write(files, tokenizer, [], "a");
        Assert.That(JsonNode.Parse(files["tokenizer_config.json"])!["added_tokens_decoder"]!.AsObject(), Has.Count.EqualTo(2000));
        Assert.That(tokenizer.CutTo(Tokens), Has.Count.EqualTo(Tokens + 2000));
        Assert.That(tokenizer.Vocabulary.Size, Is.EqualTo(Tokens));
    }

    private static TokenizerFile Parse(string json) => TokenizerFile.Parse(TokenizerTexts.Bytes(json), "m");
}
