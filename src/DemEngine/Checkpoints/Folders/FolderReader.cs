using System.Text;
using System.Text.Json;
using DemEngine.Errors;
using DemEngine.Files;
using DemEngine.Stores;

namespace DemEngine.Checkpoints.Folders;

/// <summary>Goes over a model's folder once, and sorts what lies there into side files and what is left out.</summary>
internal sealed class FolderReader
{
    private const long LargestBytes = 64 << 20;
    private const int DeepestFolder = 6;
    private const string ModulesFile = "modules.json";

    private readonly string _root;
    private readonly Dictionary<string, byte[]> _files = new(StringComparer.Ordinal);
    private readonly List<string> _leftOut = [];
    private readonly List<string> _tooLarge = [];
    private readonly List<string> _weights = [];
    private string[] _modules = [];
    private bool _hasCode;

    private FolderReader(string folder) => _root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));

    /// <summary>Reads a model's folder.</summary>
    /// <param name="folder">Path of the folder.</param>
    /// <param name="own">Whether a file, by its name, is one of the model's own weights.</param>
    /// <exception cref="DemException">DEM2023 (BadSideFile): a file cannot be read, or does not hold what it should.</exception>
    public static FolderFiles Read(string folder, Func<string, bool> own)
    {
        var read = new FolderReader(folder);
        try
        {
            read.ReadTop(own);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(folder, e);
        }

        return new FolderFiles(read._files, [.. read.Remarks()]);
    }

    private void ReadTop(Func<string, bool> own)
    {
        FileSystemInfo[] entries = Entries(new DirectoryInfo(_root));
        foreach (FileInfo file in entries.OfType<FileInfo>())
        {
            if (SideFileKind.IsSideFile(file.Name))
                Add(file, file.Name);
            else if (!SideFileKind.IsPassedOver(file.Name) && !own(file.Name))
                _leftOut.Add(file.Name);
        }

        _modules = ModulePaths();
        _hasCode = _files.Any(file => SideFileKind.IsModule(file.Key)
            || (file.Key.EndsWith(".json", StringComparison.Ordinal) && file.Value.AsSpan().IndexOf("\"auto_map\""u8) >= 0));
        foreach (DirectoryInfo folder in entries.OfType<DirectoryInfo>().Where(folder => !SideFileKind.IsPassedOver(folder.Name)))
        {
            if (SideFileKind.IsSideFile(folder.Name) && SideFileContent.IsRead(folder.Name))
                throw Unusable(folder.FullName, "this is a folder where a file of the model is looked for");
            if (!ReadFolder(folder, folder.Name, 1))
                _leftOut.Add($"{folder.Name}/");
        }
    }

    /// <returns>Whether anything was read, so that the folder is part of the model.</returns>
    private bool ReadFolder(DirectoryInfo folder, string path, int depth)
    {
        if (depth > DeepestFolder || !FolderLink.IsFollowed(folder, _root))
            return false;

        FileSystemInfo[] entries = Entries(folder);
        bool isModule = _modules.Any(module => path == module || path.StartsWith($"{module}/", StringComparison.Ordinal));
        bool isAboveModule = _modules.Any(module => module.StartsWith($"{path}/", StringComparison.Ordinal));
        if (isModule)
            ReadModule(entries.OfType<FileInfo>(), path);
        else if (depth == 1 && SideFileKind.IsTemplateFolder(path))
            ReadAll(entries.OfType<FileInfo>(), path, [".jinja"]);
        else if (depth == 1 && SideFileKind.IsDecoderFolder(path) && _files.ContainsKey("alphabet.json"))
            ReadAll(entries.OfType<FileInfo>(), path, [".json", ".txt", ".bin", ".arpa"]);
        else if (_hasCode && IsIdentifier(folder.Name))
            ReadAll(entries.OfType<FileInfo>(), path, [".py"]);
        else if (!isAboveModule)
            return false;

        foreach (DirectoryInfo inner in entries.OfType<DirectoryInfo>().Where(inner => !SideFileKind.IsPassedOver(inner.Name)))
        {
            string innerPath = $"{path}/{inner.Name}";
            if (!ReadFolder(inner, innerPath, depth + 1))
                _leftOut.Add($"{innerPath}/");
        }

        bool any = _files.Keys.Concat(_tooLarge).Any(file => file.StartsWith($"{path}/", StringComparison.Ordinal));
        if (!any)
            _leftOut.RemoveAll(left => left.StartsWith($"{path}/", StringComparison.Ordinal));
        return any;
    }

    private void ReadAll(IEnumerable<FileInfo> files, string path, string[] suffixes)
    {
        foreach (FileInfo file in files.Where(file => !SideFileKind.IsPassedOver(file.Name)))
        {
            if (suffixes.Any(suffix => file.Name.EndsWith(suffix, StringComparison.Ordinal)))
                Add(file, $"{path}/{file.Name}");
            else
                _leftOut.Add($"{path}/{file.Name}");
        }
    }

    /// <summary>
    /// Reads a module of sentence-transformers. Its weights are not in the checkpoint, so they go along as they are; of two
    /// formats one is enough.
    /// </summary>
    private void ReadModule(IEnumerable<FileInfo> files, string path)
    {
        FileInfo[] all = [.. files.Where(file => !SideFileKind.IsPassedOver(file.Name))];
        bool hasSafetensors = all.Any(file => file.Extension == ".safetensors");
        foreach (FileInfo file in all)
        {
            string name = $"{path}/{file.Name}";
            bool isWeights = file.Extension is ".safetensors" || (file.Name == "pytorch_model.bin" && !hasSafetensors);
            if (isWeights && Add(file, name))
                _weights.Add(name);
            else if (!isWeights && (SideFileKind.IsSideFile(file.Name) || file.Extension is ".json" or ".txt"))
                Add(file, name);
            else if (!isWeights)
                _leftOut.Add(name);
        }
    }

    /// <returns>False if the file is too large for a side file.</returns>
    private bool Add(FileInfo file, string name)
    {
        byte[] contents;
        try
        {
            // A link, as in Hugging Face's cache, has its own length and not that of its target.
            var target = (FileInfo?)file.ResolveLinkTarget(returnFinalTarget: true) ?? file;
            if (!target.Exists)
                throw Unusable(file.FullName, $"this is a link to {target.FullName}, and no such file is there");
            if (LinuxFile.IsSpecial(target.FullName))
                throw Unusable(file.FullName, "this is a pipe, a socket or a device, and no file");
            if (StoreCopies.LengthOf(target) > LargestBytes)
            {
                _tooLarge.Add(name);
                return false;
            }

            contents = StoreCopies.ReadAllBytes(target.FullName);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(file.FullName, e);
        }

        SideFileContent.Check(file.FullName, contents);
        _files.Add(name, contents);
        return true;
    }

    private static DemException Unusable(string path, string what) =>
        new(ErrorCode.BadSideFile, $"{path}: {what}", remedy: "Fetch the file again, or take this out of the folder.")
        {
            Path = path,
        };

    private static DemException Unreadable(string path, Exception e) => new(
        ErrorCode.BadSideFile,
        e.Message.Contains(path, StringComparison.Ordinal) ? e.Message : $"{path}: {e.Message}",
        e,
        "Check the file, its permissions and the disk.")
    {
        Path = path,
    };

    /// <summary>Reads the folders that sentence-transformers' list of modules names; none where it cannot be read.</summary>
    private string[] ModulePaths()
    {
        if (!_files.TryGetValue(ModulesFile, out byte[]? json))
            return [];
        try
        {
            StrictJson.CheckText(json);
            using JsonDocument document = JsonDocument.Parse(json);
            return
            [
                .. document.RootElement.EnumerateArray()
                    .Where(module => module.ValueKind == JsonValueKind.Object)
                    .Select(module => module.TryGetProperty("path", out JsonElement path) ? path.GetString() : null)
                    .Select(path => path?.TrimEnd('/'))
                    .OfType<string>()
                    .Where(SideFilePath.IsInside),
            ];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            string why = e is JsonException
                ? JsonFault.Describe(e)
                : "this is not the list of modules that sentence-transformers writes";
            throw new DemException(
                ErrorCode.BadSideFile,
                $"{Path.Combine(_root, ModulesFile)}: {why}",
                e,
                "Fetch the file again, or take it out of the folder if the model is not one of sentence-transformers.")
            {
                Path = Path.Combine(_root, ModulesFile),
            };
        }
    }

    private IEnumerable<string> Remarks()
    {
        string name = Quoted.Name(Path.GetFileName(_root));
        if (_weights.Count > 0)
            yield return $"{name}: weights that are not merged but copied as they are: {Quoted.List(_weights)}";
        if (_tooLarge.Count > 0)
            yield return $"{name}: not copied, since larger than {LargestBytes >> 20} MiB: {Quoted.List(_tooLarge)}";
        if (_leftOut.Count > 0)
            yield return $"{name}: {_leftOut.Count} files and folders beside the model are not copied: {Quoted.List(_leftOut)}";
    }

    private static FileSystemInfo[] Entries(DirectoryInfo folder) =>
        [.. folder.EnumerateFileSystemInfos().OrderBy(entry => entry.Name, StringComparer.Ordinal)];

    private static bool IsIdentifier(string name) =>
        (char.IsLetter(name[0]) || name[0] == '_')
        && name.EnumerateRunes().All(rune => Rune.IsLetterOrDigit(rune) || rune.Value == '_');
}
