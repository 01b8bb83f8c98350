using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using DemEngine.Errors;
using DemEngine.Files;

namespace DemEngine.Vocabularies;

/// <summary>Keeps the small files that refer to tokens by their ids in step with the vocabulary.</summary>
internal static class TokenizerSettings
{
    private const string SettingsFile = "tokenizer_config.json";

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
    private static readonly string[] FilesWithIds = ["config.json", "generation_config.json"];

    /// <summary>Writes a changed tokenizer to the side files, and removes files that would contradict it.</summary>
    /// <param name="files">Side files, by name.</param>
    /// <param name="tokenizer">Changed tokenizer.</param>
    /// <param name="owner">Name of the model that the files come from, for messages.</param>
    /// <exception cref="DemException">DEM2023 (BadSideFile): <c>tokenizer_config.json</c> is not a JSON object.</exception>
    public static void Write(Dictionary<string, byte[]> files, TokenizerFile tokenizer, string owner)
    {
        files[TokenizerFile.FileName] = tokenizer.ToJson();
        foreach (string name in OldForms)
            files.Remove(name);

        if (Parse(files, SettingsFile, owner) is not { } settings || settings["added_tokens_decoder"] is not JsonObject decoder)
            return;
        bool changed = false;
        foreach (var (token, id) in tokenizer.Added)
        {
            string key = id.ToString(CultureInfo.InvariantCulture);
            if (decoder.ContainsKey(key))
                continue;
            decoder[key] = tokenizer.AddedEntry(token);
            changed = true;
        }

        if (changed)
            files[SettingsFile] = ToJson(settings);
    }

    /// <summary>Changes the ids of special tokens, such as <c>eos_token_id</c>, to those of a new vocabulary.</summary>
    /// <param name="files">Side files, by name.</param>
    /// <param name="from">Vocabulary to which the ids belong now.</param>
    /// <param name="to">Vocabulary to which the ids are changed.</param>
    /// <param name="owner">Name of the model that the files come from, for messages.</param>
    /// <returns>Message for each id that stays unchanged because its token is not in the new vocabulary.</returns>
    /// <exception cref="DemException">DEM2023 (BadSideFile): a configuration file is not a JSON object.</exception>
    public static IReadOnlyList<string> MoveIds(
        Dictionary<string, byte[]> files, Vocabulary from, Vocabulary to, string owner)
    {
        var left = new List<string>();
        foreach (string file in FilesWithIds)
        {
            if (Parse(files, file, owner) is not { } root)
                continue;
            bool changed = false;
            foreach (var (key, node) in root.ToArray())
            {
                if (!key.EndsWith("_token_id", StringComparison.Ordinal))
                    continue;
                JsonNode? moved = Moved(node, from, to, $"{file}: {key}", left);
                changed |= !JsonNode.DeepEquals(moved, node);
                root[key] = moved;
            }

            if (changed)
                files[file] = ToJson(root);
        }

        return left;
    }

    private static JsonNode? Moved(JsonNode? node, Vocabulary from, Vocabulary to, string place, List<string> left)
    {
        switch (node)
        {
            case JsonArray list:
                return new JsonArray([.. list.Select(item => Moved(item, from, to, place, left))]);
            case JsonValue value when value.TryGetValue(out int id) && id >= 0 && id < from.Size && from.TokenOf(id) is { } token:
                if (to.Find(token) is { } there)
                    return JsonValue.Create(there);
                left.Add($"{place} is {id}, of the token {Quoted.Name(token)}, which the output's vocabulary does not have");
                return value.DeepClone();
            default:
                return node?.DeepClone();
        }
    }

    private static JsonObject? Parse(Dictionary<string, byte[]> files, string name, string owner)
    {
        if (!files.TryGetValue(name, out byte[]? json))
            return null;
        try
        {
            return JsonNode.Parse(json, documentOptions: TokenizerFile.OneOfEachKey) as JsonObject
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

    private static byte[] ToJson(JsonObject root) => IndentedJson.Write(root, TokenizerFile.Encoder);
}
