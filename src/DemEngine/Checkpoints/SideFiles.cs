using DemEngine.Files;

namespace DemEngine.Checkpoints;

/// <summary>
/// Reads the small files that make a folder of weights a model: configuration, generation configuration, tokenizer, chat template
/// and so on. Weight files and the files that describe them are not among these.
/// </summary>
internal static class SideFiles
{
    private const long LargestBytes = 64 << 20;

    private static readonly string[] WeightSuffixes =
    [
        ".safetensors",
        ".bin",
        ".pt",
        ".pth",
        ".ckpt",
        ".gguf",
        ".ggml",
        ".h5",
        ".msgpack",
        ".onnx",
        ".npz",
        ".index.json",
        ".tmp",
        ".lock",
    ];

    private static readonly string[] TokenizerPrefixes =
    [
        "tokenizer",
        "special_tokens_map",
        "added_tokens",
        "vocab",
        "merges",
        "spiece",
        "sentencepiece",
        "chat_template",
        "tekken",
    ];

    /// <summary>Reads the side files in a folder.</summary>
    /// <param name="folder">Path of the folder.</param>
    /// <returns>Contents of the files by file name.</returns>
    /// <exception cref="DemException">DEM2023 (BadSideFile): a file cannot be read.</exception>
    public static Dictionary<string, byte[]> Read(string folder)
    {
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        try
        {
            foreach (var file in new DirectoryInfo(folder).EnumerateFiles().OrderBy(file => file.Name, StringComparer.Ordinal))
            {
                // A link, as in Hugging Face's cache, has its own length and not that of its target.
                var target = (FileInfo?)file.ResolveLinkTarget(returnFinalTarget: true) ?? file;
                if (!IsSideFile(file.Name))
                    continue;
                if (LinuxFile.IsSpecial(target.FullName))
                    throw new DemException(
                        ErrorCode.BadSideFile,
                        $"{file.FullName}: this is a pipe, a socket or a device, and no file");
                if (target.Length <= LargestBytes)
                    files.Add(file.Name, File.ReadAllBytes(target.FullName));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.BadSideFile, $"{folder}: {e.Message}", e);
        }

        return files;
    }

    /// <summary>Reads the tokenizer's files in a folder; there may be none.</summary>
    /// <param name="folder">Path of the folder.</param>
    /// <returns>Contents of the files by file name.</returns>
    /// <exception cref="DemException">DEM2023 (BadSideFile): a file cannot be read.</exception>
    public static Dictionary<string, byte[]> ReadTokenizer(string folder) => TokenizerOf(Read(folder));

    /// <summary>Returns the tokenizer's files among a model's side files.</summary>
    public static Dictionary<string, byte[]> TokenizerOf(IReadOnlyDictionary<string, byte[]> files) =>
        new(files.Where(file => IsTokenizer(file.Key)), StringComparer.Ordinal);

    /// <summary>Replaces a model's tokenizer files by those of another model.</summary>
    /// <param name="files">Side files of the model, by name.</param>
    /// <param name="others">Side files of the other model, by name.</param>
    /// <param name="other">Name of the other model in messages.</param>
    /// <exception cref="DemException">DEM2023 (BadSideFile): the other model has no tokenizer files.</exception>
    public static void ReplaceTokenizer(
        Dictionary<string, byte[]> files,
        IReadOnlyDictionary<string, byte[]> others,
        string other)
    {
        KeyValuePair<string, byte[]>[] tokenizer = [.. others.Where(file => IsTokenizer(file.Key))];
        if (tokenizer.Length == 0)
            throw new DemException(ErrorCode.BadSideFile, $"{other}: there are no tokenizer files");

        foreach (string name in files.Keys.Where(IsTokenizer).ToArray())
            files.Remove(name);
        foreach (var (name, contents) in tokenizer)
            files[name] = contents;
    }

    private static bool IsSideFile(string name) =>
        name[0] != '.'
        && name != Manifest.FileName
        && !name.StartsWith("README", StringComparison.OrdinalIgnoreCase) // A model card describes only the model it came with.
        && !WeightSuffixes.Any(suffix => name.EndsWith(suffix, StringComparison.OrdinalIgnoreCase));

    private static bool IsTokenizer(string name) =>
        TokenizerPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));
}
