using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DemEngine.Merging.GgufOutputs;

/// <summary>
/// llama.cpp's names for how a byte-level tokenizer splits text before its merges (<c>tokenizer.ggml.pre</c>), found by the steps
/// in <c>tokenizer.json</c>. A new one is a line of <see cref="Known"/>.
/// </summary>
internal static class GgufPreTokenizer
{
    private const string Contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Rest = @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string RestWithSlash = @"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Letters = @"|[^\r\n\p{L}\p{N}]?\p{L}+|";
    private const string Capitals = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]";
    private const string Smalls = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";
    private const string Before = @"[^\r\n\p{L}\p{N}]?";

    // What a step that takes each digit by itself does, as a pattern, and what stands for GPT-2's own pattern.
    private const string Digits = @"\p{N}";
    private const string Gpt2 = "GPT-2";

    // The patterns by which text is split one after the other.
    private static readonly ImmutableArray<(string Name, ImmutableArray<string> Steps)> Known =
    [
        ("gpt-2", [Gpt2]),
        ("smollm", [Digits, Gpt2]),
        ("llama-bpe", [$@"{Contractions}{Letters}\p{{N}}{{1,3}}{Rest}"]),
        ("qwen2", [$@"{Contractions}{Letters}\p{{N}}{Rest}"]),
        ("tekken", [$@"{Before}{Capitals}*{Smalls}+|{Before}{Capitals}+{Smalls}*|\p{{N}}{RestWithSlash}"]),
        (
            "gpt-4o",
            [
                $@"{Before}{Capitals}*{Smalls}+{Contractions}?|{Before}{Capitals}+{Smalls}*{Contractions}?"
                    + $@"|\p{{N}}{{1,3}}{RestWithSlash}",
            ]
        ),
        ("deepseek-coder", ["[\r\n]", @"\s?\p{L}+", @"\s?\p{P}+", "[一-龥ࠀ-一가-퟿]+", Digits]),
    ];

    /// <summary>Finds the name; null if there is none.</summary>
    /// <param name="tokenizer">Contents of <c>tokenizer.json</c>.</param>
    public static string? Of(JsonObject tokenizer)
    {
        if (tokenizer["pre_tokenizer"] is not JsonObject pre)
            return null;
        JsonObject[] steps = pre["pretokenizers"] is JsonArray list ? [.. list.OfType<JsonObject>()] : [pre];
        if (steps is not [.. var splits, var last] || !Is(last, "type", "ByteLevel"))
            return null;
        string?[] patterns = [.. splits.Select(PatternOf)];
        if (last["use_regex"] is not JsonValue regex || regex.GetValueKind() != JsonValueKind.False)
            patterns = [.. patterns, Gpt2];
        return Known.FirstOrDefault(one => Enumerable.SequenceEqual<string?>(one.Steps, patterns)).Name;
    }

    private static string? PatternOf(JsonObject step)
    {
        if (Is(step, "type", "Digits"))
            return step["individual_digits"]?.GetValueKind() == JsonValueKind.True ? Digits : null;
        bool isPlain = Is(step, "type", "Split") && Is(step, "behavior", "Isolated")
            && step["invert"]?.GetValueKind() is not JsonValueKind.True;
        return isPlain && (step["pattern"] as JsonObject)?["Regex"] is JsonValue pattern && pattern.TryGetValue(out string? text)
            ? text
            : null;
    }

    private static bool Is(JsonObject step, string key, string value) =>
        step[key] is JsonValue node && node.TryGetValue(out string? text) && text == value;
}
