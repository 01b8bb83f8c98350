using System.Text;
using System.Text.Json.Nodes;
using DemEngine.Evaluation.Language;

namespace DemEngine.Evaluation.Tests.Tokenization;

/// <summary>Llama 2's kind as <c>tokenizer.json</c>. Byte b is the id 3 + b; characters follow from 259.</summary>
public sealed class ByteFallbackTests
{
    // 259 ▁, 260 a, 261 b, 262 ▁a, 263 ab, 264 ▁ab
    private static JsonObject Json() => Models.ByteFallback("▁ab", "▁ a", "a b", "▁ ab");

    [TestCase("", new int[0])]
    [TestCase("ab", new[] { 262, 261 })]
    [TestCase("a ab", new[] { 262, 262, 261 })]
    [TestCase("bab", new[] { 259, 261, 263 })]
    [TestCase("aébab", new[] { 262, 3 + 0xC3, 3 + 0xA9, 261, 263 })]
    [TestCase("\n😀", new[] { 259, 3 + 10, 3 + 0xF0, 3 + 0x9F, 3 + 0x98, 3 + 0x80 })]
    public void Characters_without_a_token_become_bytes(string text, int[] ids)
    {
        ITokenizer tokenizer = Models.Read(Json().Text());
        Assert.That(tokenizer.Encode(text), Is.EqualTo(ids));
        Assert.That(tokenizer.Decode(ids), Is.EqualTo(text));
    }

    [Test]
    public void Each_stretch_between_special_tokens_gets_its_space()
    {
        ITokenizer tokenizer = Models.Read(Json().Text());
        Assert.That(tokenizer.Encode("a</s>a"), Is.EqualTo([262, 2, 262]));
        Assert.That(tokenizer.BeginOfText, Is.EqualTo(1));
    }

    // 262 a▁, 263 ▁a: a merge across a space, which is tried first, shows whether words are cut apart.
    [TestCase("never", false, "a a", new[] { 262, 260 })]
    [TestCase("never", true, "a a", new[] { 260, 263 })]
    [TestCase("always", false, "a a", new[] { 259, 262, 260 })]
    [TestCase("always", true, "a a", new[] { 263, 263 })]
    [TestCase("always", true, " a", new[] { 263 })]
    [TestCase("always", true, "a</s>a", new[] { 263, 2, 263 })]
    [TestCase("first", true, "a</s>a", new[] { 263, 2, 260 })]
    [TestCase("first", true, "</s>a", new[] { 2, 260 })]
    [TestCase("never", true, "a</s>a", new[] { 260, 2, 260 })]
    public void Metaspace_puts_spaces_where_it_says(string scheme, bool split, string text, int[] ids)
    {
        JsonObject json = Models.ByteFallback("▁ab", "a ▁", "▁ a");
        json.Remove("normalizer");
        json["pre_tokenizer"] = new JsonObject { ["type"] = "Metaspace", ["replacement"] = "▁", ["prepend_scheme"] = scheme, ["split"] = split };
        Assert.That(Models.Read(json.Text()).Encode(text), Is.EqualTo(ids));
    }

    [Test]
    public void Any_text_is_merged_as_the_definition_reads_and_comes_back()
    {
        var random = new Random(5);
        string[] alphabet = ["a", "b", "c", " ", "é", "漢", "😀"];
        string[] known = ["a", "b", "c", "▁", "é"];
        for (int round = 0; round < 10; round++)
        {
            List<(string Left, string Right)> merges = ReferenceMerging.Draw(random, known, 60);
            JsonObject json = Models.ByteFallback(string.Concat(known), [.. merges.Select(merge => $"{merge.Left} {merge.Right}")]);
            Dictionary<string, int> ids = json["model"]!["vocab"]!.AsObject().ToDictionary(token => token.Key, token => (int)token.Value!);
            ITokenizer tokenizer = Models.Read(json.Text());
            for (int text = 0; text < 40; text++)
            {
                string drawn = string.Concat(Enumerable.Range(0, random.Next(1, 40)).Select(_ => alphabet[random.Next(alphabet.Length)]));
                Assert.That(tokenizer.Encode(drawn), Is.EqualTo(ReferenceMerging.Merge(Symbols(drawn, known), merges).Select(token => ids[token])), drawn);
                Assert.That(tokenizer.Decode(tokenizer.Encode(drawn).AsSpan()), Is.EqualTo(drawn));
            }
        }
    }

    /// <summary>What merging starts from.</summary>
    internal static IEnumerable<string> Symbols(string text, string[] known) =>
        ("▁" + text.Replace(' ', '▁')).EnumerateRunes().Select(character => character.ToString())
            .SelectMany(character => known.Contains(character) ? [character] : Encoding.UTF8.GetBytes(character).Select(value => $"<0x{value:X2}>"));
}
