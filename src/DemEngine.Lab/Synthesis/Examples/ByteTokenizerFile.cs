using System.Text.Json.Nodes;
using DemEngine.Files;

namespace DemEngine.Lab.Synthesis.Examples;

/// <summary>
/// Makes the tokenizer files of example models: byte-level BPE without merges, so that every text can be encoded, a token for
/// each byte.
/// </summary>
internal static class ByteTokenizerFile
{
    private const string Begin = "<s>";
    private const string End = "</s>";

    // Bytes that byte-level tokenizers show as themselves; the others are shown as the characters from U+0100 on.
    private static readonly (int First, int Last)[] Shown = [('!', '~'), (0xA1, 0xAC), (0xAE, 0xFF)];

    /// <summary>Number of tokens that every example model has.</summary>
    public const int Common = 256 + 2;

    /// <summary>Makes the files.</summary>
    /// <param name="more">Tokens beyond the common ones.</param>
    public static Dictionary<string, byte[]> Files(params IReadOnlyList<string> more)
    {
        var vocabulary = new JsonObject { [Begin] = 0, [End] = 1 };
        foreach (string character in Characters())
            vocabulary[character] = vocabulary.Count;
        foreach (string token in more)
            vocabulary[token] = vocabulary.Count;
        JsonObject Added(string token) => new()
        {
            ["id"] = vocabulary[token]!.GetValue<int>(),
            ["content"] = token,
            ["single_word"] = false,
            ["lstrip"] = false,
            ["rstrip"] = false,
            ["normalized"] = false,
            ["special"] = true,
        };
        var tokenizer = new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray([.. more.Prepend(End).Prepend(Begin).Select(Added)]),
            ["pre_tokenizer"] = ByteLevel(),
            ["decoder"] = ByteLevel(),
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary.DeepClone(), ["merges"] = new JsonArray() },
        };
        var settings = new JsonObject { ["bos_token"] = Begin, ["eos_token"] = End };
        return new Dictionary<string, byte[]>
        {
            ["tokenizer.json"] = IndentedJson.Write(tokenizer),
            ["tokenizer_config.json"] = IndentedJson.Write(settings),
        };
    }

    // The library that reads the file elsewhere demands all of these settings.
    private static JsonObject ByteLevel() => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = false,
        ["trim_offsets"] = true,
        ["use_regex"] = true,
    };

    private static IEnumerable<string> Characters()
    {
        int unseen = 0;
        for (int value = 0; value < 256; value++)
        {
            bool isShown = Shown.Any(range => value >= range.First && value <= range.Last);
            yield return ((char)(isShown ? value : 0x100 + unseen++)).ToString();
        }
    }
}
