using System.Collections.Immutable;
using DemEngine.Checkpoints.Folders;
using DemEngine.Checkpoints.Locating;
using DemEngine.Errors;
using DemEngine.Files;

namespace DemEngine.Checkpoints.Pipelines;

/// <summary>The root of a diffusers pipeline: a folder with <c>model_index.json</c> and a folder for each component.</summary>
internal sealed class PipelineFolder
{
    private const long LargestFile = 64 << 20;
    private const int DeepestFolder = 4;

    private readonly string _folder;
    private readonly ImmutableArray<ListedComponent> _listed;
    private readonly Dictionary<string, string> _weights = new(StringComparer.Ordinal);

    private PipelineFolder(string folder)
    {
        _folder = folder;
        _listed = PipelineIndex.Read(folder);
        foreach (ListedComponent component in _listed)
        {
            string path = System.IO.Path.Combine(folder, component.Name);
            if (!Directory.Exists(path))
                throw new DemException(
                    ErrorCode.CheckpointNotFound,
                    $"{folder}: {PipelineIndex.FileName} lists the component {Quoted.Name(component.Name)}, and there is no such "
                    + "folder",
                    remedy: "Fetch the whole pipeline.")
                {
                    Path = folder,
                };
            if (ComponentWeights.Find(path) is { } weights)
                _weights.Add(component.Name, weights);
        }

        if (_weights.Count == 0)
            throw new DemException(
                ErrorCode.CheckpointNotFound,
                $"{folder}: no component of this pipeline has weights; {PipelineIndex.FileName} lists "
                + $"{Quoted.List([.. _listed.Select(one => one.Name)])}",
                remedy: "Fetch the whole pipeline.")
            {
                Path = folder,
            };
    }

    /// <summary>Path of the root.</summary>
    public string Path => _folder;

    /// <summary>Names of the components that have weights, in the order of the index.</summary>
    public ImmutableArray<string> Components =>
        [.. _listed.Select(component => component.Name).Where(_weights.ContainsKey)];

    /// <summary>
    /// Whether a path is that of a pipeline's root, or an id of a pipeline in the local cache. A root that is a model itself, by
    /// the files in it, is none.
    /// </summary>
    public static bool IsRoot(string path) => FolderOf(path) is { } folder
        && ExistingFile.IsThere(System.IO.Path.Combine(folder, PipelineIndex.FileName))
        && !WeightNames.Safetensors.Concat(WeightNames.PyTorch).SelectMany(one => new[] { one.Single, one.Index })
            .Any(name => File.Exists(System.IO.Path.Combine(folder, name)));

    /// <summary>Opens the root of a pipeline.</summary>
    /// <exception cref="DemException">
    /// DEM2001 (CheckpointNotFound), DEM2013 (AmbiguousCheckpoint), DEM2023 (BadSideFile): there is no whole pipeline.
    /// </exception>
    public static PipelineFolder Open(string path)
    {
        string folder = FolderOf(path)!;
        try
        {
            return new PipelineFolder(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.UnreadableFile, $"{folder}: {e.Message}", e) { Path = folder };
        }
    }

    /// <summary>Path of a component's weights, a folder or a file; null if the pipeline does not have it.</summary>
    public string? WeightsOf(string component) => _weights.GetValueOrDefault(component);

    /// <summary>Class that loads a component; null if the pipeline does not have it.</summary>
    public string? ClassOf(string component) => _listed.FirstOrDefault(one => one.Name == component)?.Class;

    /// <summary>Reads what a merged pipeline takes over: the files of the root, and the folders without weights.</summary>
    /// <returns>Contents of the files, by their paths in the root, with slashes.</returns>
    /// <exception cref="DemException">DEM2023 (BadSideFile): a file cannot be read, or is none of a configuration.</exception>
    public SortedDictionary<string, byte[]> ReadOthers()
    {
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        var below = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            MaxRecursionDepth = DeepestFolder,
            AttributesToSkip = FileAttributes.Hidden,
        };
        IEnumerable<string> paths = Directory.EnumerateFiles(_folder)
            .Where(file => System.IO.Path.GetFileName(file) is var name
                && (name == PipelineIndex.FileName || SideFileKind.IsSideFile(name)))
            .Concat(_listed.Where(component => !_weights.ContainsKey(component.Name))
                .SelectMany(component => Directory.EnumerateFiles(System.IO.Path.Combine(_folder, component.Name), "*", below)));
        foreach (string path in paths)
        {
            string name = System.IO.Path.GetRelativePath(_folder, path).Replace(System.IO.Path.DirectorySeparatorChar, '/');
            files.Add(name, ReadOther(path));
        }

        return files;
    }

    private static byte[] ReadOther(string path)
    {
        try
        {
            if (!LinuxFile.IsSpecial(path) && BoundedFile.Read(path, LargestFile) is { } contents)
            {
                SideFileContent.Check(path, contents);
                return contents;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.BadSideFile, $"{path}: {e.Message}", e) { Path = path };
        }

        throw new DemException(
            ErrorCode.BadSideFile,
            $"{path}: this is no file of a configuration or tokenizer: it is special, or larger than {LargestFile} bytes",
            remedy: "Remove it from the pipeline if it does not belong there.")
        {
            Path = path,
        };
    }

    private static string? FolderOf(string path) =>
        Directory.Exists(path) ? HubCache.SnapshotOf(path) ?? path : NamedModel.Find(path);
}
