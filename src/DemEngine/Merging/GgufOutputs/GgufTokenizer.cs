using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Gguf;
using DemEngine.Errors;
using DemEngine.Files;
using DemEngine.Vocabularies;

namespace DemEngine.Merging.GgufOutputs;

/// <summary>
/// What a GGUF file says of a model's tokenizer, taken from <c>tokenizer.json</c>: byte-level BPE as llama.cpp's <c>gpt2</c>, and
/// BPE with bytes to fall back on, which is SentencePiece's, as its <c>llama</c>.
/// </summary>
internal sealed class GgufTokenizer
{
    // Types of tokens in llama.cpp.
    private const int Normal = 1;
    private const int Unknown = 2;
    private const int Control = 3;
    private const int UserDefined = 4;
    private const int Unused = 5;
    private const int Byte = 6;

    private readonly IReadOnlyDictionary<string, byte[]> _files;
    private readonly string _owner;
    private readonly JsonObject _root;
    private readonly JsonObject _model;
    private readonly JsonObject? _settings;
    private readonly Vocabulary _vocabulary;

    /// <summary>Reads a tokenizer.</summary>
    /// <param name="files">Small files of the model, by name.</param>
    /// <param name="owner">Name of the output, for messages.</param>
    /// <exception cref="DemException">
    /// DEM2023 (BadSideFile): a file is not of its form. DEM2060 (TokenizerNotForGguf): there is no tokenizer, or one of a kind
    /// that is not written.
    /// </exception>
    public GgufTokenizer(IReadOnlyDictionary<string, byte[]> files, string owner)
    {
        _files = files;
        _owner = owner;
        if (!files.TryGetValue(TokenizerFile.FileName, out byte[]? json))
            throw Wrong("the model has no tokenizer.json");
        var file = TokenizerFile.Parse(json, owner);
        _vocabulary = file.Vocabulary;
        _root = (JsonObject)StrictJson.ParseNode(json)!;
        _model = (JsonObject)_root["model"]!;
        if (file.Kind != "BPE")
            throw Wrong($"tokenizers of the kind {Quoted.Name(file.Kind)} are not written as GGUF, only BPE");
        _settings = TokenizerSettings.Parse(files, TokenizerSettings.FileName, owner);
    }

    /// <summary>Adds what the file says of the tokenizer.</summary>
    /// <param name="metadata">Receives it.</param>
    /// <param name="rows">Number of rows of the embedding, each of which needs a token.</param>
    /// <exception cref="DemException">DEM2060 (TokenizerNotForGguf): the tokenizer is not written, or does not fit.</exception>
    public void AddTo(GgufMetadata metadata, long rows)
    {
        if (_vocabulary.Size > rows)
            throw new DemException(
                ErrorCode.TokenizerNotForGguf,
                $"{_owner}: the tokenizer has ids up to {_vocabulary.Size - 1}, and the embedding {rows} rows",
                remedy: "Give the output a vocabulary that fits, with `tokenizer_source` in a recipe.")
            {
                Path = _owner,
            };
        bool isSentencePiece = _model["byte_fallback"] is JsonValue fallback
            && fallback.GetValueKind() == JsonValueKind.True;
        string[][] merges = [.. Merges()];
        var (texts, types) = Tokens((int)rows, isSentencePiece);
        if (isSentencePiece)
        {
            metadata.Add("tokenizer.ggml.model", "llama");
            metadata.Add("tokenizer.ggml.pre", "default");
            metadata.Add("tokenizer.ggml.tokens", texts);
            metadata.Add("tokenizer.ggml.scores", Scores(texts, types, merges));
            metadata.Add("tokenizer.ggml.token_type", types);
            metadata.Add("tokenizer.ggml.add_space_prefix", AddsSpace());
        }
        else
        {
            metadata.Add("tokenizer.ggml.model", "gpt2");
            metadata.Add("tokenizer.ggml.pre", GgufPreTokenizer.Of(_root) ?? throw Wrong(
                "llama.cpp has no name, or none known here, for how the tokenizer splits text before its merges"));
            metadata.Add("tokenizer.ggml.tokens", texts);
            metadata.Add("tokenizer.ggml.token_type", types);
            metadata.Add("tokenizer.ggml.merges", [.. merges.Select(pair => string.Join(' ', pair))]);
        }

        AddSpecial(metadata);
    }

    private IEnumerable<string[]> Merges()
    {
        foreach (JsonNode? merge in _model["merges"] as JsonArray ?? [])
        {
            string[] pair = merge switch
            {
                JsonValue value when value.TryGetValue(out string? text) => text.Split(' '),
                JsonArray list when list.All(one => one is JsonValue part && part.GetValueKind() == JsonValueKind.String) =>
                    [.. list.Select(one => one!.GetValue<string>())],
                _ => [],
            };
            if (pair.Length != 2 || pair.Any(part => part.Contains(' ', StringComparison.Ordinal)))
                throw Wrong("a merge of tokenizer.json is no pair of tokens");
            yield return pair;
        }
    }

    private (string[] Texts, int[] Types) Tokens(int rows, bool isSentencePiece)
    {
        string[] texts = new string[rows];
        int[] types = new int[rows];
        for (int k = 0; k < rows; k++)
        {
            string? token = k < _vocabulary.Size ? _vocabulary.TokenOf(k) : null;
            texts[k] = token ?? string.Create(CultureInfo.InvariantCulture, $"[PAD{k}]");
            types[k] = token is null ? Unused
                : isSentencePiece && IsByte(token) ? Byte
                : Normal;
        }

        foreach (JsonObject added in (_root["added_tokens"] as JsonArray ?? []).OfType<JsonObject>())
        {
            if (TextOf(added) is not { } text || _vocabulary.Find(text) is not { } id || types[id] == Byte)
                continue;
            bool isSpecial = added["special"] is JsonValue special && special.GetValueKind() == JsonValueKind.True;
            types[id] = isSpecial ? Control : UserDefined;
            if (!isSpecial)
                texts[id] = text.Replace('▁', ' ');
        }

        if (isSentencePiece && TextOf(_model["unk_token"]) is { } unknown && _vocabulary.Find(unknown) is { } place)
            types[place] = Unknown;
        return (texts, types);
    }

    // The merges are in the order of the scores of what they make, so that any falling numbers give the same order.
    private static float[] Scores(string[] texts, int[] types, string[][] merges)
    {
        var ranks = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (string[] pair in merges)
            ranks.TryAdd(pair[0] + pair[1], ranks.Count);
        return [.. texts.Select((text, k) => types[k] switch
        {
            Normal => ranks.TryGetValue(text, out int rank) ? -rank : -1e6f,
            Byte => 0f,
            _ => -1000f,
        })];
    }

    private static bool IsByte(string token) =>
        token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
        && char.IsAsciiHexDigit(token[3]) && char.IsAsciiHexDigit(token[4]);

    private bool AddsSpace() => Steps(_root["normalizer"], "normalizers").Any(step => TextOf(step["type"]) == "Prepend")
        || Steps(_root["pre_tokenizer"], "pretokenizers").Any(step => TextOf(step["type"]) == "Metaspace"
            && TextOf(step["prepend_scheme"]) != "never");

    private void AddSpecial(GgufMetadata metadata)
    {
        JsonObject? config = ModelConfig.Of(_files, _owner)?.Root;
        int? Id(string kind) => TextOf(_settings?[$"{kind}_token"]) is { } text && _vocabulary.Find(text) is { } id ? id
            : config?[$"{kind}_token_id"] is JsonValue value && value.TryGetValue(out int number) ? number
            : (config?[$"{kind}_token_id"] as JsonArray)?.FirstOrDefault() is JsonValue first
                && first.TryGetValue(out number) ? number
            : null;
        foreach (var (kind, key) in new[] { ("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding") })
        {
            if (Id(kind) is { } id && id >= 0 && id < _vocabulary.Size)
                metadata.Add($"tokenizer.ggml.{key}_token_id", (uint)id);
        }

        metadata.Add("tokenizer.ggml.add_bos_token", Adds("bos", Id("bos"), first: true));
        metadata.Add("tokenizer.ggml.add_eos_token", Adds("eos", Id("eos"), first: false));
        if (ChatTemplateFiles.Find(_files, _owner) is { } template)
            metadata.Add("tokenizer.chat_template", template);
    }

    // What the settings say is what transformers does; else what the tokenizer's own template puts around a text.
    private bool Adds(string kind, int? id, bool first)
    {
        if (_settings?[$"add_{kind}_token"] is JsonValue stated && stated.TryGetValue(out bool adds))
            return adds;
        foreach (JsonObject step in Steps(_root["post_processor"], "processors"))
        {
            if (step["single"] is not JsonArray { Count: > 0 } single)
                continue;
            JsonNode? end = (first ? single[0] : single[^1])?["SpecialToken"]?["id"];
            return TextOf(end) is { } text && _vocabulary.Find(text) is { } found && found == id;
        }

        return false;
    }

    private static IEnumerable<JsonObject> Steps(JsonNode? node, string list) => node is JsonObject one
        ? one[list] is JsonArray steps ? steps.OfType<JsonObject>() : [one]
        : [];

    private static string? TextOf(JsonNode? node) =>
        (node is JsonObject token ? token["content"] : node) is JsonValue value && value.TryGetValue(out string? text)
            ? text
            : null;

    private DemException Wrong(string why) => new(ErrorCode.TokenizerNotForGguf, $"{_owner}: {why}") { Path = _owner };
}
