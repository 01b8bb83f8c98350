using System.Text;
using System.Text.Json.Nodes;
using DemEngine.Evaluation.Language;
using DemEngine.Evaluation.Tokenization.BytePairs;

namespace DemEngine.Evaluation.Tests.Tokenization;

/// <summary>The kind of GPT-2, Llama 3 and Qwen. Ids below 256 are bytes, so that expected ids can be written by hand.</summary>
public sealed class ByteLevelTests
{
    // 256 he, 257 ll, 258 hell, 259 hello, 260 Ġw, 261 or, 262 Ġwor, 263 ld, 264 Ġworld
    private static readonly string[] Hello = ["h e", "l l", "he ll", "hell o", "Ġ w", "o r", "Ġw or", "l d", "Ġwor ld"];

    [TestCase("", new int[0])]
    [TestCase("hello world", new[] { 259, 264 })]
    [TestCase("hello hello", new[] { 259, 32, 259 })]
    [TestCase("hellish", new[] { 258, 'i', 's', 'h' })]
    [TestCase("é", new[] { 0xC3, 0xA9 })]
    [TestCase("😀", new[] { 0xF0, 0x9F, 0x98, 0x80 })]
    [TestCase("\0\n\u00AD", new[] { 0, '\n', 0xC2, 0xAD })]
    public void Text_becomes_the_ids_that_the_merges_give(string text, int[] ids)
    {
        ITokenizer tokenizer = Models.Read(Models.ByteLevel(Hello).Text());
        Assert.That(tokenizer.Encode(text), Is.EqualTo(ids));
        Assert.That(tokenizer.Decode(ids), Is.EqualTo(text));
    }

    [Test]
    public void Merges_may_be_pairs()
    {
        JsonObject json = Models.ByteLevel(Hello);
        json["model"]!["merges"] = new JsonArray([.. Hello.Select(merge => new JsonArray([.. merge.Split(' ').Select(token => JsonValue.Create(token))]))]);
        Assert.That(Models.Read(json.Text()).Encode("hello world"), Is.EqualTo([259, 264]));
    }

    [Test]
    public void Any_text_is_merged_as_the_definition_reads_and_comes_back()
    {
        var random = new Random(4);
        string[] alphabet = ["a", "b", "c", " ", "é", "漢", "😀"];
        string[] bytes = [.. alphabet.SelectMany(Encoding.UTF8.GetBytes).Distinct().Select(value => Models.Character(value))];
        for (int round = 0; round < 10; round++)
        {
            List<(string Left, string Right)> merges = ReferenceMerging.Draw(random, bytes, 60);
            JsonObject json = Models.ByteLevel([.. merges.Select(merge => $"{merge.Left} {merge.Right}")]);
            Dictionary<string, int> ids = json["model"]!["vocab"]!.AsObject().ToDictionary(token => token.Key, token => (int)token.Value!);
            ITokenizer tokenizer = Models.Read(json.With("pre_tokenizer", """{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}""").Text());
            for (int text = 0; text < 40; text++)
            {
                string drawn = string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => alphabet[random.Next(alphabet.Length)]));
                var expected = ReferenceMerging.Merge(Encoding.UTF8.GetBytes(drawn).Select(value => Models.Character(value)), merges).Select(token => ids[token]);
                Assert.That(tokenizer.Encode(drawn), Is.EqualTo(expected), drawn);
                Assert.That(tokenizer.Decode(tokenizer.Encode(drawn).AsSpan()), Is.EqualTo(drawn));
            }
        }
    }

    [TestCase("I've 12  apples!\n", new[] { "I", "'ve", " 12", " ", " apples", "!", "\n" })]
    [TestCase("😀abc", new[] { "😀", "abc" })]
    public void Gpt2_cuts_text(string text, string[] pieces) => Assert.That(PatternSplitter.OfGpt2.Split(text), Is.EqualTo(pieces));

    // A letter may follow one other character: an emoji is one, though .NET sees two. So are letters outside the first plane.
    [TestCase("I'VE 1234  apples!\n\n b", new[] { "I", "'VE", " ", "123", "4", " ", " apples", "!\n\n", " b" })]
    [TestCase("😀abc", new[] { "😀abc" })]
    [TestCase("𠀀𠀁 x", new[] { "𠀀𠀁", " x" })]
    [TestCase("1𝟎𝟏2", new[] { "1𝟎𝟏", "2" })]
    public void Llama_3_cuts_text(string text, string[] pieces) => Assert.That(PatternSplitter.Of(Models.Llama3Pattern, "f").Split(text), Is.EqualTo(pieces));

    [Test]
    public void Split_then_ByteLevel_merges_within_pieces()
    {
        JsonObject split = new() { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = Models.Llama3Pattern }, ["behavior"] = "Isolated", ["invert"] = false };
        JsonObject bytes = new() { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = true, ["use_regex"] = false };
        JsonObject json = Models.ByteLevel("1 2", "2 3", "3 4").With("pre_tokenizer", new JsonObject { ["type"] = "Sequence", ["pretokenizers"] = new JsonArray(split, bytes) }.ToJsonString());
        Assert.That(Models.Read(json.Text()).Encode("1234 34"), Is.EqualTo([256, '3', '4', ' ', 258]), "3 and 4 lie in different pieces the first time");
    }

    [TestCase(false, new int[] { 'a', 'b', 'c' })]
    [TestCase(true, new[] { 256 })]
    public void Merges_are_passed_over_where_the_model_says_so(bool ignore, int[] ids)
    {
        JsonObject json = Models.ByteLevel().WithModel("ignore_merges", ignore ? "true" : "false");
        json["model"]!["vocab"]!["abc"] = 256;
        Assert.That(Models.Read(json.Text()).Encode("abc"), Is.EqualTo(ids));
    }

    [Test]
    public void A_space_is_put_before_text_where_the_model_says_so()
    {
        ITokenizer tokenizer = Models.Read(Models.ByteLevel(Hello).With("pre_tokenizer", """{"type": "ByteLevel", "add_prefix_space": true}""").Text());
        Assert.That(tokenizer.Encode("world"), Is.EqualTo([264]));
        Assert.That(tokenizer.Encode(" world"), Is.EqualTo([264]));
        Assert.That(tokenizer.Decode([264]), Is.EqualTo("world"));
    }

    [Test]
    public void Added_tokens_are_found_first_and_the_longest_of_them()
    {
        ITokenizer tokenizer = Models.Read(Models.ByteLevel(Hello).With("added_tokens", """
            [{"id": 300, "content": "<|end|>", "special": true, "normalized": false}, {"id": 301, "content": "<|end|><|end|>", "special": true, "normalized": false},
             {"id": 258, "content": "hell", "special": false, "normalized": true}]
            """).Text());
        Assert.That(tokenizer.Encode("hello<|end|><|end|><|end|> world"), Is.EqualTo([258, 'o', 301, 300, 264]));
        Assert.That(tokenizer.Decode([258, 'o', 301, 300, 264]), Is.EqualTo("hello world"));
    }

    [Test]
    public void An_added_token_without_a_row_is_refused_where_it_is_used()
    {
        ITokenizer tokenizer = Models.Read(Models.ByteLevel().With("added_tokens", """[{"id": 256, "content": "[PAD]", "special": true}]""").Text(), vocabulary: 256);
        Assert.That(tokenizer.Encode("a"), Is.EqualTo(['a']));
        DemException e = Assert.Throws<DemException>(() => tokenizer.Encode("a[PAD]"))!;
        Assert.That(e.Code, Is.EqualTo(ErrorCode.TokenOutOfRange));
        Assert.That(e.Message, Does.Contain("tokenizer.json").And.Contains("[PAD]").And.Contains("256"));
    }

    [Test]
    public void Composed_text_passes_NFC_and_other_text_is_refused()
    {
        ITokenizer tokenizer = Models.Read(Models.ByteLevel().With("normalizer", """{"type": "NFC"}""").Text());
        Assert.That(tokenizer.Decode(tokenizer.Encode("naïve – 漢字 ελλάδα 한국 😀").AsSpan()), Is.EqualTo("naïve – 漢字 ελλάδα 한국 😀"));
        foreach (string text in new[] { "e\u0301", "\u1100\u1161", "\u212B", "\uF900", "\u3099" })
        {
            DemException e = Assert.Throws<DemException>(() => tokenizer.Encode(text))!;
            Assert.That((e.Code, e.Message.Contains("NFC")), Is.EqualTo((ErrorCode.NoTokenizer, true)));
        }
    }
}
