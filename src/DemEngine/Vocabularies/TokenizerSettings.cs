using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using DemEngine.Errors;
using DemEngine.Files;

namespace DemEngine.Vocabularies;

/// <summary>Keeps the small files that refer to tokens by their ids in step with the vocabulary.</summary>
internal static class TokenizerSettings
{
    /// <summary>Name of the file with the tokenizer's settings.</summary>
    public const string FileName = "tokenizer_config.json";

    private const string SpecialTokensFile = "special_tokens_map.json";

    // These files repeat the vocabulary for older tokenizers.
    private static readonly string[] OldForms =
    [
        "vocab.json",
        "merges.txt",
        "vocab.txt",
        "added_tokens.json",
        "tokenizer.model",
        "spiece.model",
        "sentencepiece.bpe.model",
    ];

    /// <summary>Writes a changed tokenizer to the side files, and removes files that would contradict it.</summary>
    /// <param name="files">Side files, by name.</param>
    /// <param name="tokenizer">Changed tokenizer.</param>
    /// <param name="removed">Tokens that were removed from it.</param>
    /// <param name="owner">Name of the model that the files come from, for messages.</param>
    /// <returns>Message for each setting that named a removed token and was removed, too.</returns>
    /// <exception cref="DemException">
    /// DEM2023 (BadSideFile): <c>tokenizer_config.json</c> or <c>special_tokens_map.json</c> is not a JSON object.
    /// </exception>
    public static IReadOnlyList<string> Write(
        Dictionary<string, byte[]> files, TokenizerFile tokenizer, IReadOnlyCollection<string> removed, string owner)
    {
        files[TokenizerFile.FileName] = tokenizer.ToJson();
        foreach (string name in OldForms)
            files.Remove(name);

        HashSet<string> gone = [.. removed.Where(token => tokenizer.Vocabulary.Find(token) is null)];
        var left = new List<string>();
        foreach (string file in gone.Count > 0 ? [FileName, SpecialTokensFile] : new[] { FileName })
        {
            if (Parse(files, file, owner) is not { } settings)
                continue;
            bool changed = Forget(settings, gone, file, left);
            if (settings["added_tokens_decoder"] is JsonObject decoder)
                changed |= Add(decoder, tokenizer);
            if (changed)
                files[file] = ToJson(settings);
        }

        return left;
    }

    private static bool Add(JsonObject decoder, TokenizerFile tokenizer)
    {
        bool changed = false;
        foreach (var (_, id, entry) in tokenizer.AddedEntries)
        {
            string key = id.ToString(CultureInfo.InvariantCulture);
            if (decoder.ContainsKey(key))
                continue;
            decoder[key] = entry;
            changed = true;
        }

        return changed;
    }

    /// <summary>
    /// Removes settings that name a token which is gone. The library would otherwise add the token anew when it reads them.
    /// </summary>
    private static bool Forget(JsonObject settings, HashSet<string> gone, string file, List<string> left)
    {
        if (gone.Count == 0)
            return false;
        bool changed = false;
        foreach (var (key, node) in settings.ToArray())
        {
            switch (node)
            {
                case JsonObject decoder when key == "added_tokens_decoder":
                    foreach (string id in decoder.Where(entry => IsGone(entry.Value)).Select(entry => entry.Key).ToArray())
                        changed |= decoder.Remove(id);
                    break;
                case JsonArray list when list.Any(IsGone):
                    settings[key] = new JsonArray([.. list.Where(item => !IsGone(item)).Select(item => item?.DeepClone())]);
                    changed = true;
                    break;
                case not null when key.EndsWith("_token", StringComparison.Ordinal) && IsGone(node):
                    left.Add($"{file}: {key} was {Quoted.Name(TextOf(node)!)}, which has no row, and is left out");
                    changed |= settings.Remove(key);
                    break;
            }
        }

        return changed;

        bool IsGone(JsonNode? node) => TextOf(node) is { } text && gone.Contains(text);
    }

    private static string? TextOf(JsonNode? node) =>
        (node is JsonObject token ? token["content"] : node) is JsonValue value && value.TryGetValue(out string? text)
            ? text
            : null;

    /// <summary>Reads a JSON object among the side files; null if there is no such file.</summary>
    /// <param name="files">Side files, by name.</param>
    /// <param name="name">Name of the file.</param>
    /// <param name="owner">Name of the model that the files come from, for messages.</param>
    /// <exception cref="DemException">DEM2023 (BadSideFile): the file is not a JSON object.</exception>
    public static JsonObject? Parse(IReadOnlyDictionary<string, byte[]> files, string name, string owner)
    {
        if (!files.TryGetValue(name, out byte[]? json))
            return null;
        try
        {
            return StrictJson.ParseNode(json) as JsonObject
                ?? throw new DemException(
                    ErrorCode.BadSideFile,
                    $"{owner}: {name}: this is no JSON object",
                    remedy: "Fetch the file again, or mend it there: its token ids follow the output's vocabulary.");
        }
        catch (JsonException e)
        {
            throw new DemException(
                ErrorCode.BadSideFile,
                $"{owner}: {name}: {JsonFault.Describe(e)}",
                e,
                "Fetch the file again, or mend it there: its token ids follow the output's vocabulary.");
        }
    }

    /// <summary>Writes a JSON object in the form of these files.</summary>
    public static byte[] ToJson(JsonObject root) => IndentedJson.Write(root, TokenizerFile.Encoder);
}
