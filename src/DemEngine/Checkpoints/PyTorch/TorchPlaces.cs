using System.Collections.Immutable;
using DemEngine.Checkpoints.Shards;
using DemEngine.Errors;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints.PyTorch;

/// <summary>Finds where the tensors of an archive lie, and checks that they lie within their storages.</summary>
/// <param name="file">The file.</param>
/// <param name="archive">Its directory.</param>
/// <param name="folder">Path of the storages in the archive.</param>
internal sealed class TorchPlaces(IShardReader file, ZipDirectory archive, string folder)
{
    // No file holds as many elements.
    private const long MostElements = 1L << 48;

    // A view can repeat elements, so that a small file stands for any number of them. Weights do so for a row or two.
    private const long MostRepeatedBytes = 1L << 30;

    private readonly Dictionary<string, ArchiveRecord> _storages = new(StringComparer.Ordinal);

    /// <summary>The files in the archive that hold the tensors whose places were found.</summary>
    public ImmutableArray<ArchiveRecord> Records => [.. _storages.Values];

    /// <summary>Finds the place of a tensor.</summary>
    /// <param name="name">Name of the tensor.</param>
    /// <param name="tensor">The tensor, as the pickle describes it.</param>
    /// <exception cref="DemException">
    /// DEM2041 (BadTorchFile), DEM2042 (TorchFormNotRead): the storage is not there, or not as it should be. DEM2046
    /// (BadTorchTensor): the tensor lies outside it, or its type is not read.
    /// </exception>
    public TorchWeight Of(string name, TorchTensor tensor)
    {
        ElementType type = (tensor.Type is null ? TorchTypes.OfStorage(tensor.Storage.Kind) : TorchTypes.Of(tensor.Type))
            ?? throw Wrong(name, $"has elements of {Quoted.Plain((tensor.Type ?? tensor.Storage.Kind).ToString(), 100)}, "
                + "which safetensors does not have");
        var (start, count) = Storage(name, tensor.Storage, type);
        long elements = Elements(name, tensor.Sizes);
        long last = Last(name, tensor);
        if (tensor.First < 0 || tensor.First > count || (elements > 0 && last >= count))
            throw Wrong(
                name,
                $"of [{string.Join(", ", tensor.Sizes)}] with strides [{string.Join(", ", tensor.Strides)}] from element "
                + $"{tensor.First} on lies outside its storage of {count} elements");
        if (elements > count && elements > MostRepeatedBytes / type.Size)
            throw Wrong(name, $"repeats {count} elements {elements} times in all");
        long order = start + (tensor.First * type.Size);
        return new TorchWeight(
            name,
            type,
            [.. tensor.Sizes],
            order,
            elements == 0 || IsContiguous(tensor) ? null : new StridedView(order, type.Size, tensor.Sizes, tensor.Strides));
    }

    private (long Start, long Count) Storage(string name, TorchStorage storage, ElementType type)
    {
        if (!_storages.TryGetValue(storage.Key, out ArchiveRecord? place))
        {
            ZipEntry entry = archive.Find(folder + storage.Key) ?? throw ZipDirectory.Wrong(
                file, $"the storage {Quoted.Name(storage.Key)} of {Quoted.Name(name)} is not in it");
            _storages.Add(storage.Key, place = archive.RecordOf(entry));
        }

        // A storage that does not say what it holds counts bytes.
        bool isUntyped = TorchTypes.IsUntyped(storage.Kind);
        int unit = isUntyped ? 1 : TorchTypes.OfStorage(storage.Kind)?.Size ?? type.Size;
        return (Int128)storage.Count * unit == place.Length
            ? (place.Start, place.Length / type.Size)
            : throw ZipDirectory.Wrong(
                file,
                $"the storage {Quoted.Name(storage.Key)} of {Quoted.Name(name)} has {place.Length} bytes and should have "
                + $"{storage.Count} times {unit}");
    }

    private long Elements(string name, long[] sizes)
    {
        if (sizes.Any(size => size < 0))
            throw Wrong(name, $"is [{string.Join(", ", sizes)}]");
        if (sizes.Contains(0))
            return 0;
        long elements = 1;
        foreach (long size in sizes)
            elements = elements <= MostElements / size ? elements * size : throw Wrong(name, $"is [{string.Join(", ", sizes)}]");
        return elements;
    }

    private long Last(string name, TorchTensor tensor)
    {
        Int128 last = tensor.First;
        for (int k = 0; k < tensor.Sizes.Length; k++)
        {
            if (tensor.Strides[k] < 0)
                throw Wrong(name, $"has strides [{string.Join(", ", tensor.Strides)}]");
            last += (Int128)(tensor.Sizes[k] - 1) * tensor.Strides[k];
        }

        return (long)Int128.Clamp(last, -1, long.MaxValue);
    }

    private static bool IsContiguous(TorchTensor tensor)
    {
        long expected = 1;
        for (int k = tensor.Sizes.Length - 1; k >= 0; k--)
        {
            if (tensor.Sizes[k] != 1 && tensor.Strides[k] != expected)
                return false;
            expected *= tensor.Sizes[k];
        }

        return true;
    }

    private DemException Wrong(string name, string why) =>
        new(ErrorCode.BadTorchTensor, $"{file.Path}: tensor {Quoted.Name(name)} {why}") { Path = file.Path, Tensor = name };
}
