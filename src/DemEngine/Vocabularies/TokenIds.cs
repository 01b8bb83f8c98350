using System.Text.Json.Nodes;
using DemEngine.Errors;
using DemEngine.Files;

namespace DemEngine.Vocabularies;

/// <summary>
/// Keeps the ids of tokens in configuration files, such as <c>eos_token_id</c> and <c>image_token_index</c>, in step with the
/// vocabulary, in every section.
/// </summary>
internal static class TokenIds
{
    private static readonly string[] Files =
        ["config.json", "generation_config.json", "processor_config.json", "preprocessor_config.json"];

    private static readonly string[] Endings = ["token_id", "token_ids", "token_index", "token_indices"];

    // Keys of generation_config.json whose lists, however deep, hold ids.
    private static readonly string[] Lists =
        ["suppress_tokens", "begin_suppress_tokens", "bad_words_ids", "force_words_ids", "lang_to_id", "task_to_id"];

    // Pairs of a position and an id.
    private const string Forced = "forced_decoder_ids";

    /// <summary>Whether the values of a key are ids of tokens.</summary>
    public static bool IsKey(string key) =>
        key == Forced
        || Array.Exists(Endings, ending => key == ending || key.EndsWith("_" + ending, StringComparison.Ordinal))
        || Lists.Contains(key, StringComparer.Ordinal);

    /// <summary>Changes the ids of tokens to those of a new vocabulary.</summary>
    /// <param name="files">Side files, by name.</param>
    /// <param name="from">Vocabulary to which the ids belong now.</param>
    /// <param name="to">Vocabulary to which the ids are changed.</param>
    /// <param name="owner">Name of the model that the files come from, for messages.</param>
    /// <returns>Message for each id that stays unchanged because its token is not in the new vocabulary.</returns>
    /// <exception cref="DemException">DEM2023 (BadSideFile): a configuration file is not a JSON object.</exception>
    public static IReadOnlyList<string> Move(
        Dictionary<string, byte[]> files, Vocabulary from, Vocabulary to, string owner)
    {
        var left = new List<string>();
        foreach (string file in Files)
        {
            if (TokenizerSettings.Parse(files, file, owner) is { } root && MoveIn(root, $"{file}: ", least: 0, from, to, left))
                files[file] = IndentedJson.Write(root, TokenizerFile.Encoder);
        }

        return left;
    }

    /// <param name="section">Section to change.</param>
    /// <param name="place">Place of the section, for messages.</param>
    /// <param name="least">
    /// Smallest id that is one of the language model's: a part with a vocabulary of its own has smaller ids for itself.
    /// </param>
    /// <param name="from">Vocabulary to which the ids belong now.</param>
    /// <param name="to">Vocabulary to which the ids are changed.</param>
    /// <param name="left">Output: messages.</param>
    private static bool MoveIn(JsonObject section, string place, long least, Vocabulary from, Vocabulary to, List<string> left)
    {
        bool changed = false;
        foreach (var (key, node) in section.ToArray())
        {
            if (!IsKey(key))
            {
                if (node is JsonObject part)
                    changed |= MoveIn(part, $"{place}{key}.", VocabularySizes.OwnSize(key, part) ?? least, from, to, left);
                continue;
            }

            JsonNode? moved = Moved(node, $"{place}{key}", isForced: key == Forced);
            changed |= !JsonEquality.AreEqual(moved, node);
            section[key] = moved;
        }

        return changed;

        JsonNode? Moved(JsonNode? node, string at, bool isForced)
        {
            switch (node)
            {
                case JsonArray { Count: 2 } pair when isForced && pair[0] is JsonValue:
                    return new JsonArray(pair[0]!.DeepClone(), Moved(pair[1], at, isForced: false));
                case JsonArray list:
                    return new JsonArray([.. list.Select(item => Moved(item, at, isForced))]);
                case JsonObject map:
                    return new JsonObject(map.Select(item =>
                        KeyValuePair.Create(item.Key, Moved(item.Value, $"{at}.{item.Key}", isForced))));
                case JsonValue value when value.TryGetValue(out int id)
                    && id >= least && id < from.Size && from.TokenOf(id) is { } token:
                    if (to.Find(token) is { } there)
                        return JsonValue.Create(there);
                    left.Add(
                        $"{at} is {id}, of the token {Quoted.Name(token)}, which the output's vocabulary does not have");
                    return value.DeepClone();
                default:
                    return node?.DeepClone();
            }
        }
    }
}
