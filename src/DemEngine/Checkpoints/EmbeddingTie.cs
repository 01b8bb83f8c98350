using System.Text.Json.Nodes;
using DemEngine.Files;

namespace DemEngine.Checkpoints;

/// <summary>
/// The key of <c>config.json</c> that says whether a language model's embedding is its output matrix, too.
/// </summary>
internal static class EmbeddingTie
{
    private const string Key = "tie_word_embeddings";

    /// <summary>Reads the key among a model's side files; null if there is no configuration or it does not say.</summary>
    /// <param name="files">Contents of the side files, by name.</param>
    public static bool? Read(IReadOnlyDictionary<string, byte[]> files)
    {
        if (Parse(files) is not { } root)
            return null;
        foreach (JsonObject section in Sections(root))
        {
            if (section[Key] is JsonValue value && value.TryGetValue(out bool isTied))
                return isTied;
        }

        return null;
    }

    /// <summary>States that the output matrix is stored apart from the embedding.</summary>
    /// <param name="files">Contents of the side files, by name; changed unless the configuration says so already.</param>
    public static void Untie(Dictionary<string, byte[]> files)
    {
        if (Parse(files) is not { } root)
            return;
        JsonObject[] stated = [.. Sections(root).Where(section => section.ContainsKey(Key))];
        foreach (JsonObject section in stated.Length > 0 ? stated : [root])
            section[Key] = false;
        files[ModelConfig.FileName] = IndentedJson.Write(root);
    }

    private static IEnumerable<JsonObject> Sections(JsonObject root) =>
        root.Where(pair => pair.Key.EndsWith("_config", StringComparison.Ordinal)).Select(pair => pair.Value)
            .OfType<JsonObject>().Prepend(root);

    // ModelConfig says what is wrong with the file where it has to be amended.
    private static JsonObject? Parse(IReadOnlyDictionary<string, byte[]> files) =>
        files.TryGetValue(ModelConfig.FileName, out byte[]? json) ? JsonObjectFile.TryParse(json) : null;
}
