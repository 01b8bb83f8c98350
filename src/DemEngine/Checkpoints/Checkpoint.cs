using System.Collections.Immutable;
using DemEngine.Checkpoints.Folders;
using DemEngine.Checkpoints.Gguf;
using DemEngine.Checkpoints.Locating;
using DemEngine.Errors;
using DemEngine.Files;
using DemEngine.Memory;

namespace DemEngine.Checkpoints;

/// <summary>
/// Open model: a folder of shards as Hugging Face lays it out, or a single file, of safetensors, PyTorch or GGUF.
/// Opening reads and checks every header, but no tensor data.
/// </summary>
public sealed class Checkpoint : IDisposable
{
    /// <summary>Name of the index file of a sharded checkpoint.</summary>
    public const string IndexFileName = CheckpointFiles.IndexName;

    /// <summary>Name of the only file of an unsharded checkpoint.</summary>
    public const string SingleFileName = CheckpointFiles.SingleName;

    private const string WithoutIndex =
        "Fetch the index and all shards again, from the same revision. If the shards are right and the index is not, remove the "
        + "index: without one, shards named model-00001-of-00002.safetensors and so on are read as they are.";

    private readonly ImmutableArray<SafetensorsFile> _files;
    private readonly IModelSource? _source;
    private readonly NamePool _names;
    private readonly int[] _placeOf;
    private FolderFiles? _sideFiles;
    private readonly Checkpoint? _adapter;
    private ShardReaders? _ownReaders;
    private bool _isDisposed;
    private ImmutableArray<Checkpoint> _owned = [];

    private Checkpoint(
        string path,
        string folder,
        ImmutableArray<SafetensorsFile> files,
        NamePool names,
        IModelSource? source = null,
        ImmutableArray<StoredTensor> tensors = default)
    {
        _names = names;
        _source = source;
        Path = path;
        Folder = folder;
        _files = files;
        Tensors = tensors.IsDefault ? SafetensorsFile.Together(files) : tensors;
        _placeOf = new int[Math.Max(names.Count, Tensors.Length)];
        for (int place = 0; place < Tensors.Length; place++)
        {
            StoredTensor tensor = Tensors[place];
            int number = names.NumberOf(tensor.Spec.Name);
            if (number >= _placeOf.Length)
                Array.Resize(ref _placeOf, number * 2);
            ref int its = ref _placeOf[number];
            if (its == 0)
            {
                its = place + 1;
            }
            else
            {
                throw new DemException(
                    ErrorCode.DuplicateName,
                    $"{path}: the tensor {Quoted.Name(tensor.Spec.Name)} "
                    + $"is in {System.IO.Path.GetFileName(Find(tensor.Spec.Name)!.File)} "
                    + $"and in {System.IO.Path.GetFileName(tensor.File)}")
                {
                    Path = path,
                };
            }
        }
    }

    /// <summary>Makes a view of a quantised checkpoint, whose tensors are decoded when they are read.</summary>
    /// <param name="stored">The checkpoint as it is stored; the view takes its place, and is disposed instead of it.</param>
    /// <param name="tensors">The decoded tensors and those that were plain.</param>
    /// <param name="sideFiles">Its small files, without what says that it is quantised.</param>
    /// <param name="remarks">Notes on what was decoded and what was left out.</param>
    internal Checkpoint(
        Checkpoint stored, ImmutableArray<StoredTensor> tensors, FolderFiles sideFiles, ImmutableArray<string> remarks)
        : this(stored.Path, stored.Folder, stored._files, stored._names, stored._source, tensors)
    {
        IsDecoded = true;
        Index = stored.Index;
        _sideFiles = sideFiles;
        DecodingRemarks = [.. stored.DecodingRemarks, .. remarks];
    }

    /// <summary>Makes a view of a model with an adapter. It owns neither, unless <see cref="Own"/> says so.</summary>
    /// <param name="path">What both together are called.</param>
    /// <param name="model">The model.</param>
    /// <param name="adapter">The adapter.</param>
    /// <param name="tensors">Tensors of the model, those that the adapter changes computed when they are read.</param>
    /// <param name="sideFiles">Its small files.</param>
    /// <param name="remarks">Notes on what was changed and what was left out.</param>
    internal Checkpoint(
        string path,
        Checkpoint model,
        Checkpoint adapter,
        ImmutableArray<StoredTensor> tensors,
        FolderFiles sideFiles,
        ImmutableArray<string> remarks)
        : this(path, model.Folder, model._files, model._names, model._source, tensors)
    {
        _adapter = adapter;
        IsDecoded = true;
        _sideFiles = sideFiles;
        DecodingRemarks = [.. model.DecodingRemarks, .. remarks];
    }

    /// <summary>Makes one view of several models, whose tensors' names begin with their model's name and a dot.</summary>
    /// <param name="path">What all together are called.</param>
    /// <param name="parts">The models by their names, which are disposed with the view only if <see cref="Own"/> says so.</param>
    internal static Checkpoint Together(string path, IReadOnlyList<(string Name, Checkpoint Model)> parts) => new(
        path,
        path,
        [.. parts.SelectMany(part => part.Model._files)],
        new NamePool(),
        tensors:
        [
            .. parts.SelectMany(part => part.Model.Tensors.Select(tensor => tensor.Named($"{part.Name}.{tensor.Spec.Name}"))),
        ])
    {
        IsDecoded = true,
        IsTogether = true,
        _sideFiles = FolderFiles.Of(ImmutableDictionary<string, byte[]>.Empty),
        DecodingRemarks =
            [.. parts.SelectMany(part => part.Model.DecodingRemarks.Select(remark => $"{part.Name}: {remark}"))],
    };

    /// <summary>Path that was opened: a folder or a file.</summary>
    public string Path { get; }

    /// <summary>Whether this is a view of a quantised checkpoint, which has the real values.</summary>
    internal bool IsDecoded { get; private init; }

    /// <summary>Whether this is a view of several models, which are the components of a pipeline.</summary>
    internal bool IsTogether { get; private init; }

    /// <summary>Whether this is a view of a model with an adapter.</summary>
    internal bool IsAdapted => _adapter is not null;

    /// <summary>
    /// Notes on which files were taken where several could be, on what was decoded from a quantised checkpoint, and on what was
    /// left out; mostly empty.
    /// </summary>
    internal ImmutableArray<string> DecodingRemarks { get; private init; } = [];

    /// <summary>Folder that holds the configuration, tokenizer and other side files.</summary>
    public string Folder { get; }

    /// <summary>All tensors, in the order of their data in the shards, shard after shard.</summary>
    public ImmutableArray<StoredTensor> Tensors { get; }

    /// <summary>Paths of the checkpoint's files, in the order of their names.</summary>
    public ImmutableArray<string> Files => [.. _files.Where(file => !file.IsSource).Select(file => file.Path)];

    internal IEnumerable<string> PathsOnDisk =>
        (_source is null ? _adapter is null ? Files.Add(Path) : Files : []).Concat(_adapter?.PathsOnDisk ?? []);

    /// <summary>Free text in the headers; for each key, the value in the first shard that has it.</summary>
    public ImmutableDictionary<string, string> Metadata
    {
        get
        {
            var metadata = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
            foreach (SafetensorsFile file in _files)
            {
                foreach (var (key, value) in file.Metadata)
                    metadata.TryAdd(key, value);
            }

            return metadata.ToImmutable();
        }
    }

    /// <summary>Headers of the files of a GGUF model, in the order of their names; empty for others.</summary>
    internal ImmutableArray<GgufHeader> GgufHeaders => [.. _files.Select(file => file.Gguf).OfType<GgufHeader>()];

    /// <summary>Whether all its files are archives of PyTorch.</summary>
    internal bool IsTorch => _files.All(file => file.IsTorch);

    /// <summary>Whether its files, or those of its adapter, are in a store: their bytes are fetched when they are read.</summary>
    internal bool IsInStore => _files.Any(file => file.IsInStore) || _adapter is { IsInStore: true };

    /// <summary>Whether its files, or those of its adapter, are read ahead of time into memory of the run.</summary>
    internal bool IsReadAhead => _files.Any(file => file.IsReadAhead) || _adapter is { IsReadAhead: true };

    /// <summary>Stamps of the files when they were opened, in the order of their names.</summary>
    internal IEnumerable<FileStamp> Stamps => _files.Select(file => file.Stamp);

    /// <summary>Size of all tensors in bytes.</summary>
    public long ByteLength => Tensors.Sum(tensor => tensor.Spec.ByteLength);

    /// <summary>Opens a checkpoint.</summary>
    /// <param name="path">
    /// Path of a folder with an index, shards named <c>model-00001-of-00002.safetensors</c> and so on, or a single
    /// <c>model.safetensors</c>, or with PyTorch's <c>pytorch_model.bin</c> in their place; or of a file; or the id
    /// <c>org/name</c>, with or without <c>@revision</c>, of a model in the local Hugging Face cache.
    /// </param>
    /// <param name="io">Way of reading the files.</param>
    /// <exception cref="DemException">
    /// DEM2001 to DEM2013, DEM2022 (UnreadableFile), DEM2025 (Adapter), DEM2036 (BadGguf), DEM2037 (UnknownGguf), DEM2041 to
    /// DEM2046 (BadTorchFile to BadTorchTensor): the checkpoint does not exist, is not as the format
    /// demands, or cannot be read.
    /// </exception>
    public static Checkpoint Open(string path, IoMode io = IoMode.Mmap)
    {
        var readers = new ShardReaders(io);
        try
        {
            Checkpoint checkpoint = Open(path, readers, new SpecPool());
            checkpoint._ownReaders = readers;
            return checkpoint;
        }
        catch
        {
            readers.Dispose();
            throw;
        }
    }

    /// <summary>Opens a checkpoint whose tensors have, for the most part, the names of others that were opened.</summary>
    /// <param name="path">Path of a folder or of a file.</param>
    /// <param name="readers">Opens the shards of all of them.</param>
    /// <param name="pool">Tensors of all of them.</param>
    internal static Checkpoint Open(string path, ShardReaders readers, SpecPool pool)
    {
        CheckpointFiles found = CheckpointFiles.Find(path, pool.Names);
        Checkpoint checkpoint = OpenFiles(path, found, readers, pool);
        try
        {
            if (found is { Index: { } index, Map: { } map })
                checkpoint.CheckIndex(map, index);
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>A model that is no file.</summary>
    /// <param name="name">Name of the model in recipes and errors.</param>
    /// <param name="source">The model; not disposed with the checkpoint.</param>
    /// <exception cref="DemException">DEM2005 (DuplicateName): two tensors have the same name.</exception>
    public static Checkpoint From(string name, IModelSource source) =>
        new(name, "", [SafetensorsFile.From(name, source)], new NamePool(), source);

    /// <summary>
    /// Reads the small files that belong to the model, by their paths in its folder. They are read once, on first use.
    /// </summary>
    /// <exception cref="DemException">
    /// DEM2023 (BadSideFile): a file cannot be read or is not what its name says, or a model that is no file names one outside
    /// its folder.
    /// </exception>
    internal FolderFiles ReadSideFiles()
    {
        if (_source is null || IsDecoded)
            return _sideFiles ??= SideFiles.Read(Path, Folder, OwnNames);
        SideFilePath.Check(_source.SideFiles.Keys, []);
        foreach (var (name, contents) in _source.SideFiles)
            SideFileContent.Check(name, contents);
        return FolderFiles.Of(_source.SideFiles);
    }

    /// <summary>Reads the model card; null if the model has none.</summary>
    internal byte[]? ReadCard() => _source is null ? SideFiles.ReadCard(Path, Folder, OwnNames) : null;

    // An index is named as its shards are.
    private HashSet<string> OwnNames =>
        [.. Files.Append(File.Exists(Path) ? Path : Index ?? IndexFileName).Select(file => System.IO.Path.GetFileName(file))];

    private string? Index { get; init; }

    /// <summary>Returns all tensors in the order of their names.</summary>
    internal StoredTensor[] TensorsByName()
    {
        // The names of an index are mostly in order, and have their numbers in this order: then it takes no comparing of names
        // but to see that it is so.
        var tensors = new StoredTensor[Tensors.Length];
        int count = 0;
        foreach (int place in _placeOf)
        {
            if (place > 0)
                tensors[count++] = Tensors[place - 1];
        }

        for (int k = 1; k < tensors.Length; k++)
        {
            if (string.CompareOrdinal(tensors[k - 1].Spec.Name, tensors[k].Spec.Name) <= 0)
                continue;
            Array.Sort(tensors, (a, b) => string.CompareOrdinal(a.Spec.Name, b.Spec.Name));
            break;
        }

        return tensors;
    }

    /// <summary>Finds a tensor by its name; null if there is none.</summary>
    public StoredTensor? Find(string name) => IndexOf(name) is var place and >= 0 ? Tensors[place] : null;

    /// <summary>Returns the position of a tensor in <see cref="Tensors"/>; −1 if there is none of that name.</summary>
    internal int IndexOf(string name)
    {
        int number = _names.Find(name);
        return number < 0 || number >= _placeOf.Length ? -1 : _placeOf[number] - 1;
    }

    /// <summary>Throws if a file has been written to since it was opened.</summary>
    /// <exception cref="DemException">
    /// DEM4005 (InputChanged): a file was changed or removed. DEM4003 (ReadFailed), DEM4013 (TooManyOpenFiles): that cannot be
    /// known.
    /// </exception>
    public void CheckUnchanged()
    {
        foreach (SafetensorsFile file in _files)
            file.CheckUnchanged();
        _adapter?.CheckUnchanged();
    }

    /// <summary>Throws if the model was closed, whatever memory its tensors are read from.</summary>
    /// <exception cref="ObjectDisposedException">It was.</exception>
    internal void RequireOpen() => ObjectDisposedException.ThrowIf(_isDisposed, this);

    /// <summary>Lets other checkpoints be disposed with this one.</summary>
    internal void Own(params ImmutableArray<Checkpoint> checkpoints) => _owned = checkpoints;

    /// <inheritdoc/>
    public void Dispose()
    {
        _isDisposed = true;
        foreach (Checkpoint owned in _owned)
            owned.Dispose();
        if (_adapter is not null || IsTogether)
            return;
        foreach (SafetensorsFile file in _files)
            file.Dispose();
        _ownReaders?.Dispose();
    }

    private static bool IsIn(WeightMap map, SafetensorsFile file)
    {
        string name = System.IO.Path.GetFileName(file.Path);
        foreach (StoredTensor tensor in file.Tensors.Span)
        {
            if (map.Find(tensor.Spec.Name) != name)
                return false;
        }

        return true;
    }

    private static Checkpoint OpenFiles(string path, CheckpointFiles found, ShardReaders readers, SpecPool pool)
    {
        var files = new List<SafetensorsFile>();
        try
        {
            OpenFileLimit.Require(readers.FilesFor(found.Weights.Length), path);
            foreach (string file in found.Weights)
                files.Add(SafetensorsFile.Open(file, readers, pool, found.Index is not null));
            if (files.Exists(file => file.IsInStore) && File.Exists(System.IO.Path.Combine(found.Folder, Manifest.FileName)))
                CheckByManifest(files, found.Folder);
            return new Checkpoint(path, found.Folder, [.. files], pool.Names)
            {
                Index = found.Index,
                DecodingRemarks = [.. found.Remarks, .. files.SelectMany(file => file.Remarks)],
            };
        }
        catch
        {
            foreach (SafetensorsFile file in files)
                file.Dispose();
            throw;
        }
    }

    private static void CheckByManifest(List<SafetensorsFile> files, string folder)
    {
        Manifest manifest;
        try
        {
            manifest = Manifest.Read(folder);
        }
        catch (DemException e) when (e.Code == ErrorCode.BadManifest)
        {
            return; // The weights do not need it.
        }

        Dictionary<string, ManifestTensor> stated =
            manifest.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        foreach (SafetensorsFile file in files)
            file.CheckBy(stated);
    }

    private void CheckIndex(WeightMap map, string indexPath)
    {
        if (map.Count == Tensors.Length && _files.All(file => IsIn(map, file)))
            return;
        string[] absent = [.. map.Tensors.Where(name => Find(name) is null)];
        if (absent.Length > 0)
            throw new DemException(
                ErrorCode.BadIndex,
                $"{indexPath}: the shards lack {absent.Length} tensors of the index: {Quoted.List(absent)}",
                remedy: WithoutIndex);

        string[] unlisted = [.. Tensors.Select(tensor => tensor.Spec.Name).Where(name => map.Find(name) is null)];
        if (unlisted.Length > 0)
            throw new DemException(
                ErrorCode.BadIndex,
                $"{indexPath}: the index lacks {unlisted.Length} tensors of the shards: {Quoted.List(unlisted)}",
                remedy: WithoutIndex);

        Dictionary<string, string> fileNames = Files.ToDictionary(
            file => file, file => System.IO.Path.GetFileName(file), StringComparer.Ordinal);
        string[] elsewhere = [.. map.Where(pair => fileNames[Find(pair.Key)!.File] != pair.Value).Select(pair => pair.Key)];
        if (elsewhere.Length > 0)
            throw new DemException(
                ErrorCode.BadIndex,
                $"{indexPath}: {elsewhere.Length} tensors lie in another shard than the index says: {Quoted.List(elsewhere)}",
                remedy: WithoutIndex);
    }
}
