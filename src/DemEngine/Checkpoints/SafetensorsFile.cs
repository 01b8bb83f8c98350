using System.Collections.Immutable;
using System.Runtime.InteropServices;
using DemEngine.Checkpoints.Gguf;
using DemEngine.Checkpoints.Locating;
using DemEngine.Checkpoints.PyTorch;
using DemEngine.Checkpoints.Shards;
using DemEngine.Files;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints;

/// <summary>Open file of weights: safetensors, or GGUF or PyTorch's in its place.</summary>
internal sealed class SafetensorsFile : IDisposable
{
    private readonly IShardReader _reader;

    private SafetensorsFile(string path, IShardReader reader, SafetensorsHeader header, long dataStart)
    {
        Path = path;
        _reader = reader;
        Metadata = header.Metadata;
        Tensors = header.Tensors.Select(entry => new StoredTensor(entry.Spec, reader, dataStart + entry.Offset)).ToArray();
    }

    private SafetensorsFile(string path, IShardReader reader, GgufHeader header)
    {
        Path = path;
        _reader = reader;
        Gguf = header;
        Metadata = header.Texts;
        Tensors = header.Tensors.OrderBy(tensor => tensor.Offset)
            .Select(tensor => new StoredTensor(
                new TensorSpec(tensor.Name, tensor.StoredType, new TensorShape(tensor.StoredDimensions)),
                reader,
                tensor.Offset))
            .ToArray();
    }

    private SafetensorsFile(string path, IShardReader reader, TorchFile torch, SpecPool? pool)
    {
        Path = path;
        _reader = reader;
        Metadata = ImmutableDictionary<string, string>.Empty;
        IsTorch = true;
        Remarks = torch.Remarks;
        var strided = new StridedShard(reader);
        var inPlace = new ChecksummedShard(reader, torch.Records);
        Tensors = torch.Weights.Select(weight =>
        {
            var shape = new TensorShape(weight.Sizes);
            TensorSpec spec = pool?.Of(weight.Name, weight.Type, shape) ?? new TensorSpec(weight.Name, weight.Type, shape);
            return weight.View is { } view
                ? new StoredTensor(spec, strided, strided.Add(view))
                : new StoredTensor(spec, inPlace, weight.Order);
        }).ToArray();
    }

    private SafetensorsFile(string name, SourceShard shard, IModelSource source)
    {
        Path = name;
        IsSource = true;
        _reader = shard;
        Metadata = ImmutableDictionary<string, string>.Empty;
        Tensors = source.Tensors.Select((spec, k) => new StoredTensor(spec, shard, shard.StartOf(k))).ToArray();
    }

    public string Path { get; }

    /// <summary>Whether this is a model that is no file.</summary>
    public bool IsSource { get; }

    /// <summary>Header of a GGUF file, which is opened in place of a safetensors file; null for others.</summary>
    public GgufHeader? Gguf { get; }

    /// <summary>Whether this is a file of PyTorch.</summary>
    public bool IsTorch { get; }

    /// <summary>Notes on what of the file was taken.</summary>
    public ImmutableArray<string> Remarks { get; } = [];

    /// <summary>Whether the file is in a store, and its bytes are fetched when they are read.</summary>
    public bool IsInStore => _reader is StoreShard;

    /// <summary>Whether its bytes are read ahead of time into memory of the run, past the page cache.</summary>
    public bool IsReadAhead => _reader is StoreShard or DirectShard or PartlyCachedShard { IsCopying: true };

    /// <summary>Stamp of the file when it was opened.</summary>
    public FileStamp Stamp => _reader.Stamp;

    public ImmutableDictionary<string, string> Metadata { get; }

    /// <summary>Tensors in the order of their data in the file.</summary>
    public ReadOnlyMemory<StoredTensor> Tensors { get; private set; }

    /// <summary>Opens a file.</summary>
    /// <param name="path">Path of the file.</param>
    /// <param name="readers">Opens the file's bytes.</param>
    /// <param name="pool">Tensors that were seen before; null for none.</param>
    /// <param name="isIndexed">Whether an index names the file's tensors.</param>
    /// <exception cref="DemException">
    /// DEM2002 to DEM2009, DEM2036, DEM2037, DEM2041 to DEM2046: the contents are invalid. DEM2012 (MissingShard): the path is
    /// a link to nothing. DEM2022 (UnreadableFile): the file cannot be opened. DEM4013 (TooManyOpenFiles).
    /// </exception>
    public static SafetensorsFile Open(string path, ShardReaders readers, SpecPool? pool = null, bool isIndexed = false)
    {
        if (LinuxFile.IsSpecial(path))
            throw ExistingFile.Special(path);
        IShardReader? reader = null;
        try
        {
            reader = readers.Open(path);
            return Open(path, reader, pool, isIndexed);
        }
        catch (Exception e)
        {
            reader?.Dispose();

            // Callers have checked that the name exists, so it is a link.
            if (e is FileNotFoundException)
                throw new DemException(ErrorCode.MissingShard, $"{path}: a link that leads to no file", e) { Path = path };
            if (e is IOException or UnauthorizedAccessException)
            {
                DemException refused = WriteError.From(e, path);
                throw refused.Code == ErrorCode.TooManyOpenFiles
                    ? refused
                    : new DemException(ErrorCode.UnreadableFile, $"{path}: {e.Message}", e) { Path = path };
            }

            throw;
        }
    }

    /// <summary>Puts the tensors of several files into one list, which takes the place of each file's own.</summary>
    /// <param name="files">The files.</param>
    public static ImmutableArray<StoredTensor> Together(ImmutableArray<SafetensorsFile> files)
    {
        var all = new StoredTensor[files.Sum(file => file.Tensors.Length)];
        int end = 0;
        foreach (SafetensorsFile file in files)
        {
            Memory<StoredTensor> its = all.AsMemory(end, file.Tensors.Length);
            file.Tensors.CopyTo(its);
            file.Tensors = its;
            end += its.Length;
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(all);
    }

    /// <summary>Has the tensors of a file in a store checked against a manifest when all of their bytes were read.</summary>
    /// <param name="stated">Tensors of the manifest, by their names.</param>
    public void CheckBy(IReadOnlyDictionary<string, ManifestTensor> stated)
    {
        if (_reader is not StoreShard shard)
            return;
        var known = new List<(string Name, long Offset, long Length, string Hash)>();
        foreach (StoredTensor tensor in Tensors.Span)
        {
            TensorSpec spec = tensor.Spec;
            if (stated.TryGetValue(spec.Name, out ManifestTensor? its) && its.Dtype == spec.Type.SafetensorsName
                && its.Shape.SequenceEqual(spec.Shape.Dimensions))
                known.Add((spec.Name, tensor.Offset, spec.ByteLength, its.Hash));
        }

        shard.CheckBy(new StreamedTensors(known));
    }

    /// <summary>A model that is no file.</summary>
    /// <param name="name">Name of the model in recipes.</param>
    /// <param name="source">The model.</param>
    public static SafetensorsFile From(string name, IModelSource source) => new(name, new SourceShard(source, name), source);

    /// <summary>Throws if the file has been written to since it was opened.</summary>
    /// <exception cref="DemException">
    /// DEM4005 (InputChanged): the file was changed or removed. DEM4003 (ReadFailed), DEM4013 (TooManyOpenFiles): that cannot be
    /// known.
    /// </exception>
    public void CheckUnchanged()
    {
        if (IsSource)
            return;
        if (_reader is StoreShard shard)
        {
            shard.CheckUnchanged();
            return;
        }

        try
        {
            if (LinuxFile.IsSpecial(Path) || FileStamp.Of(Path) != _reader.Stamp)
                throw new DemException(ErrorCode.InputChanged, $"{Path}: the file was changed while it was being read")
                {
                    Path = Path,
                };
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DemException(ErrorCode.InputChanged, $"{Path}: the file was there and is no longer: {e.Message}", e)
            {
                Path = Path,
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            ErrorCode code = WriteError.From(e, Path).Code == ErrorCode.TooManyOpenFiles
                ? ErrorCode.TooManyOpenFiles
                : ErrorCode.ReadFailed;
            throw new DemException(code, $"{Path}: {e.Message}", e) { Path = Path };
        }
    }

    public void Dispose() => _reader.Dispose();

    private static SafetensorsFile Open(string path, IShardReader reader, SpecPool? pool, bool isIndexed)
    {
        int startLength = (int)Math.Min(reader.Length, FileSignature.Length);
        Span<byte> start = new byte[startLength];
        reader.Peek(0, start);
        if (GgufHeader.IsGguf(start))
            return new SafetensorsFile(path, reader, GgufHeader.Read(new GgufBytes(reader.Length, reader.Peek), path));
        if (TorchFile.IsArchive(start))
            return new SafetensorsFile(path, reader, TorchFile.Read(reader, isIndexed), pool);
        try
        {
            Span<byte> prefix = start[..Math.Min(start.Length, SafetensorsHeader.PrefixLength)];
            int jsonLength = SafetensorsHeader.JsonLength(prefix, reader.Length, path);
            long dataStart = SafetensorsHeader.PrefixLength + (long)jsonLength;
            using var json = new NativeBuffer(jsonLength);
            reader.Peek(SafetensorsHeader.PrefixLength, json.Bytes.Span);
            var header = SafetensorsHeader.Parse(json.Bytes.Span, reader.Length - dataStart, path, pool);
            return new SafetensorsFile(path, reader, header, dataStart);
        }
        catch (DemException e) when (IsNoHeader(e.Code) && FileSignature.Find(start, path) is not null)
        {
            // What the file is helps more than what is wrong with the header that it does not have.
            FileKind kind = FileSignature.Find(start, path)!;
            throw new DemException(kind.Code ?? e.Code, $"{path}: {kind.What}", e, kind.Remedy) { Path = path };
        }
    }

    private static bool IsNoHeader(ErrorCode code) =>
        code == ErrorCode.TruncatedFile || code == ErrorCode.HeaderTooLarge || code == ErrorCode.HeaderNotJson;
}
