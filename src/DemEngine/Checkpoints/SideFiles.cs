using System.Text.Json;
using System.Text.Json.Nodes;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints;

/// <summary>
/// The small files that make a folder of weights a model: configuration, generation configuration, tokenizer, chat template and so on.
/// Weight files are never among them, nor what describes them.
/// </summary>
public static class SideFiles
{
    private const long LargestBytes = 64 << 20;
    private const string ConfigFileName = "config.json";

    private static readonly string[] WeightSuffixes =
        [".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".gguf", ".ggml", ".h5", ".msgpack", ".onnx", ".npz", ".index.json", ".tmp", ".lock"];

    private static readonly string[] TokenizerPrefixes =
        ["tokenizer", "special_tokens_map", "added_tokens", "vocab", "merges", "spiece", "sentencepiece", "chat_template", "tekken"];

    /// <summary>Reads the side files of a checkpoint.</summary>
    /// <param name="checkpoint">The model whose files to take.</param>
    /// <param name="tokenizer">Another folder to take the tokenizer's files from; null for the same.</param>
    /// <returns>Contents by file name.</returns>
    /// <exception cref="DemException">DEM2023: a file cannot be read, or the other folder has no tokenizer.</exception>
    public static Dictionary<string, byte[]> Read(Checkpoint checkpoint, string? tokenizer = null)
    {
        Dictionary<string, byte[]> files = ReadFolder(checkpoint.Folder, _ => true);
        if (tokenizer is null)
            return files;

        Dictionary<string, byte[]> others = ReadFolder(tokenizer, IsTokenizer);
        if (others.Count == 0)
            throw new DemException(ErrorCode.BadSideFile, $"{tokenizer}: there are no tokenizer files");

        foreach (string name in files.Keys.Where(IsTokenizer).ToArray())
            files.Remove(name);
        foreach (var (name, contents) in others)
            files[name] = contents;
        return files;
    }

    /// <summary>Reads the tokenizer's files of a folder; there may be none.</summary>
    /// <returns>Contents by file name.</returns>
    /// <exception cref="DemException">DEM2023: a file cannot be read.</exception>
    public static Dictionary<string, byte[]> ReadTokenizer(string folder) => ReadFolder(folder, IsTokenizer);

    /// <summary>Makes <c>config.json</c> speak of the output rather than of the model it was copied from.</summary>
    /// <param name="files">The side files; changed only where a statement would be wrong.</param>
    /// <param name="type">The element type that the output was converted to; null if it was not.</param>
    /// <param name="vocabularyRows">The output's vocabulary, if it differs from the base's; null if not.</param>
    public static void Amend(Dictionary<string, byte[]> files, ElementType? type, long? vocabularyRows)
    {
        if ((type is null && vocabularyRows is null) || !files.TryGetValue(ConfigFileName, out byte[]? json))
            return;

        JsonObject config;
        try
        {
            config = JsonNode.Parse(json) as JsonObject ?? throw new JsonException("not an object");
            _ = config.Count; // Here a key that occurs twice is noticed.
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new DemException(ErrorCode.BadSideFile, $"{ConfigFileName}: {e.Message}", e);
        }

        bool changed = false;
        if (type is not null)
        {
            // Older files say torch_dtype, newer ones dtype.
            foreach (string key in new[] { "torch_dtype", "dtype" }.Where(config.ContainsKey))
                changed |= Set(config, key, JsonValue.Create(type.Value.TorchName));
        }

        if (vocabularyRows is not null && config.ContainsKey("vocab_size"))
            changed |= Set(config, "vocab_size", JsonValue.Create(vocabularyRows.Value));

        if (changed)
            files[ConfigFileName] = [.. JsonSerializer.SerializeToUtf8Bytes(config, new JsonSerializerOptions { WriteIndented = true }), (byte)'\n'];
    }

    private static bool Set(JsonObject config, string key, JsonNode value)
    {
        if (JsonNode.DeepEquals(config[key], value))
            return false;
        config[key] = value;
        return true;
    }

    private static Dictionary<string, byte[]> ReadFolder(string folder, Func<string, bool> wanted)
    {
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        try
        {
            foreach (var file in new DirectoryInfo(folder).EnumerateFiles().OrderBy(file => file.Name, StringComparer.Ordinal))
            {
                // A link, as in Hugging Face's cache, has the length of its target only when opened.
                var target = (FileInfo?)file.ResolveLinkTarget(returnFinalTarget: true) ?? file;
                if (IsSideFile(file.Name) && wanted(file.Name) && target.Length <= LargestBytes)
                    files.Add(file.Name, File.ReadAllBytes(target.FullName));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.BadSideFile, $"{folder}: {e.Message}", e);
        }

        return files;
    }

    private static bool IsSideFile(string name) =>
        name[0] != '.'
        && name != Manifest.FileName
        && !name.StartsWith("README", StringComparison.OrdinalIgnoreCase) // A model card speaks of the model it came with.
        && !WeightSuffixes.Any(suffix => name.EndsWith(suffix, StringComparison.OrdinalIgnoreCase));

    private static bool IsTokenizer(string name) =>
        TokenizerPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));
}
