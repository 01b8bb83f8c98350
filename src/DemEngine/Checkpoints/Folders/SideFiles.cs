using System.Text.RegularExpressions;
using DemEngine.Errors;
using DemEngine.Files;

namespace DemEngine.Checkpoints.Folders;

/// <summary>
/// Reads the small files that make a folder of weights a model: configuration, generation configuration, tokenizer, chat
/// templates, code, licence and so on. Weight files and the files that describe them are not among these.
/// </summary>
internal static partial class SideFiles
{
    private const string CardName = "README.md";
    private const long LargestCard = 1 << 20;

    /// <summary>Reads the side files in a folder.</summary>
    /// <param name="folder">Path of the folder.</param>
    /// <returns>Contents of the files by their paths in the folder, with slashes.</returns>
    /// <exception cref="DemException">DEM2023 (BadSideFile): a file cannot be read, or does not hold what it should.</exception>
    public static Dictionary<string, byte[]> Read(string folder) =>
        new(FolderReader.Read(folder, _ => true).Files, StringComparer.Ordinal);

    /// <summary>Reads the side files of a model that was opened.</summary>
    /// <param name="path">Path that was opened: a folder or a file.</param>
    /// <param name="folder">Path of the folder that holds the weights.</param>
    /// <param name="weights">Names of the model's own files in that folder.</param>
    /// <exception cref="DemException">DEM2023 (BadSideFile): a file cannot be read, or does not hold what it should.</exception>
    public static FolderFiles Read(string path, string folder, IReadOnlySet<string> weights)
    {
        if (!ExistingFile.IsThere(path))
            return FolderReader.Read(folder, weights.Contains);

        string[] beside = FilesBeside(folder);
        if (IsOnlyModel(beside, weights))
        {
            // Nothing says that this is a model's folder unless it has a model's files, so that the rest is not listed.
            FolderFiles files = FolderReader.Read(folder, weights.Contains);
            return files.Files.Count == 0 ? FolderFiles.Of(files.Files) : files;
        }

        string[] others = [.. beside.Where(SideFileKind.IsSideFile)];
        return new FolderFiles(
            new Dictionary<string, byte[]>(),
            others.Length == 0
                ? []
                :
                [
                    $"{Quoted.Name(Path.GetFileName(path))} lies beside other models, so {others.Length} files there are not "
                    + $"taken for its own: {Quoted.List(others)}",
                ]);
    }

    /// <summary>Reads the model card of a model that was opened.</summary>
    /// <param name="path">Path that was opened: a folder or a file.</param>
    /// <param name="folder">Path of the folder that holds the weights.</param>
    /// <param name="weights">Names of the model's own files in that folder.</param>
    /// <returns>Contents of the card; null if there is none that can be read, or it may be another model's.</returns>
    public static byte[]? ReadCard(string path, string folder, IReadOnlySet<string> weights)
    {
        string card = Path.Combine(folder, CardName);
        try
        {
            bool mayBeAnothers = File.Exists(path) && !IsOnlyModel(FilesBeside(folder), weights);
            if (mayBeAnothers || !File.Exists(card) || LinuxFile.IsSpecial(card))
                return null;
            byte[] contents = File.ReadAllBytes(card);
            return contents.Length <= LargestCard ? contents : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or DemException)
        {
            return null;
        }
    }

    /// <summary>Reads the tokenizer's files in a folder; there may be none.</summary>
    /// <param name="folder">Path of the folder.</param>
    /// <returns>Contents of the files by file name.</returns>
    /// <exception cref="DemException">DEM2023 (BadSideFile): a file cannot be read.</exception>
    public static Dictionary<string, byte[]> ReadTokenizer(string folder) => TokenizerOf(Read(folder));

    /// <summary>Returns the tokenizer's files among a model's side files.</summary>
    public static Dictionary<string, byte[]> TokenizerOf(IReadOnlyDictionary<string, byte[]> files) =>
        new(files.Where(file => SideFileKind.IsTokenizer(file.Key)), StringComparer.Ordinal);

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
        Dictionary<string, byte[]> tokenizer = TokenizerOf(others);
        if (tokenizer.Count == 0)
            throw new DemException(
                ErrorCode.BadSideFile,
                $"{other}: there are no tokenizer files",
                remedy: "Name a folder with a tokenizer, or fetch the tokenizer's files into this one.");

        foreach (string name in files.Keys.Where(SideFileKind.IsTokenizer).ToArray())
            files.Remove(name);
        foreach (var (name, contents) in tokenizer)
            files[name] = contents;
    }

    /// <summary>
    /// Whether the files of a folder belong to the model whose weights were named there. In a folder of many models, as
    /// interfaces for images keep them, nothing says whose they are.
    /// </summary>
    private static bool IsOnlyModel(IEnumerable<string> beside, IReadOnlySet<string> weights)
    {
        HashSet<string> stems = [.. weights.Select(Stem)];
        bool areTorch = weights.Any(SideFileKind.MayBeTorchModel);
        return stems.All(stem => OnlyModelName().IsMatch(stem))
            || beside.Where(name => SideFileKind.IsModel(name) || (areTorch && SideFileKind.MayBeTorchModel(name)))
                .All(name => weights.Contains(name) || stems.Contains(Stem(name)));
    }

    private static string[] FilesBeside(string folder)
    {
        try
        {
            return [.. Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.BadSideFile, $"{folder}: {e.Message}", e, "Check its permissions and the disk.")
            {
                Path = folder,
            };
        }
    }

    private static string Stem(string name) => Path.GetFileNameWithoutExtension(name);

    // Files under these names are the only model of their folder, in one format or several, in one file or several.
    [GeneratedRegex(
        @"\A(model|diffusion_pytorch_model|pytorch_model|consolidated|adapter_model)(\.[A-Za-z0-9.]+)?(-[0-9]{5}-of-[0-9]{5})?\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex OnlyModelName();
}
