using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DemEngine.Merging.GgufOutputs;

/// <summary>
/// llama.cpp's names for how a byte-level tokenizer splits text before its merges (<c>tokenizer.ggml.pre</c>), found by the
/// pattern in <c>tokenizer.json</c>. A new one is a line of <see cref="Patterns"/>.
/// </summary>
internal static class GgufPreTokenizer
{
    private const string Contractions = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Rest = @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Letters = @"|[^\r\n\p{L}\p{N}]?\p{L}+|";

    private static readonly ImmutableArray<(string Pattern, string Name)> Patterns =
    [
        ($@"{Contractions}{Letters}\p{{N}}{{1,3}}{Rest}", "llama-bpe"),
        ($@"{Contractions}{Letters}\p{{N}}{Rest}", "qwen2"),
    ];

    /// <summary>Finds the name; null if there is none.</summary>
    /// <param name="tokenizer">Contents of <c>tokenizer.json</c>.</param>
    public static string? Of(JsonObject tokenizer)
    {
        if (tokenizer["pre_tokenizer"] is not JsonObject pre)
            return null;
        JsonObject[] steps = pre["pretokenizers"] is JsonArray list ? [.. list.OfType<JsonObject>()] : [pre];
        if (steps is [.., var last] && Is(last, "type", "ByteLevel"))
        {
            bool splits = last["use_regex"] is not JsonValue regex || regex.GetValueKind() != JsonValueKind.False;
            if (steps.Length == 1)
                return splits ? "gpt-2" : null;
            if (steps is [var split, _] && Is(split, "type", "Split") && !splits
                && split["pattern"]?["Regex"] is JsonValue pattern && pattern.TryGetValue(out string? text))
                return Patterns.FirstOrDefault(one => one.Pattern == text).Name;
        }

        return null;
    }

    private static bool Is(JsonObject step, string key, string value) =>
        step[key] is JsonValue node && node.TryGetValue(out string? text) && text == value;
}
