using System.Text.Json;
using System.Text.Json.Nodes;
using DemEngine.Evaluation.Language;
using DemEngine.Evaluation.Tokenization;
using DemEngine.Tests;

namespace DemEngine.Evaluation.Tests.Tokenization;

/// <summary>Small tokenizers, written as files and read back.</summary>
internal static class Models
{
    public const string Llama3Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    public static LlamaConfig Config(int vocabulary) => new()
    {
        VocabularySize = vocabulary,
        HiddenSize = 4,
        IntermediateSize = 4,
        Layers = 1,
        AttentionHeads = 1,
        KeyValueHeads = 1,
        HeadSize = 4,
        EndOfText = [7],
    };

    public static ITokenizer Read(string json, string? settings = null, int vocabulary = 1000)
    {
        using var folder = new TempFolder();
        if (settings is not null)
            folder.Write("tokenizer_config.json", settings);
        return new CheckpointTokenizerReader().Read(folder.Write("tokenizer.json", json), Config(vocabulary));
    }

    public static DemException Refused(string json, string? settings = null, int vocabulary = 1000) =>
        Assert.Throws<DemException>(() => Read(json, settings, vocabulary))!;

    /// <summary>
    /// Bytes are ids 0 to 255 under the characters that the published code of GPT-2 gives them, and each merge makes the next id. The table is written
    /// out by its rule here: what prints keeps its place, the other 68 bytes follow from U+0100.
    /// </summary>
    public static JsonObject ByteLevel(params string[] merges)
    {
        var vocabulary = new JsonObject();
        for (int value = 0; value < 256; value++)
            vocabulary.Add(Character(value), value);
        foreach (string merge in merges)
            vocabulary.Add(merge.Replace(" ", ""), vocabulary.Count);
        return new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray(),
            ["normalizer"] = null,
            ["pre_tokenizer"] = JsonNode.Parse("""{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}"""),
            ["post_processor"] = null,
            ["decoder"] = JsonNode.Parse("""{"type": "ByteLevel"}"""),
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = new JsonArray([.. merges.Select(merge => JsonValue.Create(merge))]) },
        };
    }

    /// <summary>Llama 2's kind: ids 0 to 2 are &lt;unk&gt;, &lt;s&gt;, &lt;/s&gt;, 3 to 258 the bytes, then the characters, then what each merge makes.</summary>
    public static JsonObject ByteFallback(string characters, params string[] merges)
    {
        var vocabulary = new JsonObject { ["<unk>"] = 0, ["<s>"] = 1, ["</s>"] = 2 };
        for (int value = 0; value < 256; value++)
            vocabulary.Add($"<0x{value:X2}>", vocabulary.Count);
        foreach (string token in characters.Select(c => c.ToString()).Concat(merges.Select(merge => merge.Replace(" ", ""))))
            vocabulary.Add(token, vocabulary.Count);
        return new JsonObject
        {
            ["added_tokens"] = new JsonArray(
                [.. new[] { "<unk>", "<s>", "</s>" }.Select((token, id) => new JsonObject { ["id"] = id, ["content"] = token, ["special"] = true, ["normalized"] = false })]),
            ["normalizer"] = JsonNode.Parse(
                """{"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}"""),
            ["pre_tokenizer"] = null,
            ["post_processor"] = JsonNode.Parse(
                """{"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}], "pair": [], "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}}"""),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["unk_token"] = "<unk>",
                ["fuse_unk"] = true,
                ["byte_fallback"] = true,
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray([.. merges.Select(merge => JsonValue.Create(merge))]),
            },
        };
    }

    /// <summary>The character for a byte.</summary>
    public static string Character(int value)
    {
        static bool Prints(int b) => (b > 32 && b < 127) || (b > 160 && b != 173);
        int place = Prints(value) ? value : 256 + Enumerable.Range(0, value).Count(before => !Prints(before));
        return ((char)place).ToString();
    }

    public static JsonObject With(this JsonObject json, string key, string value)
    {
        json[key] = JsonNode.Parse(value);
        return json;
    }

    public static JsonObject WithModel(this JsonObject json, string key, string? value)
    {
        if (value is null)
            json["model"]!.AsObject().Remove(key);
        else
            json["model"]![key] = JsonNode.Parse(value);
        return json;
    }

    public static string Text(this JsonObject json) => json.ToJsonString(new JsonSerializerOptions { MaxDepth = 64 });
}
