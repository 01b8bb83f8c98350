using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using DemEngine.Checkpoints.Locating;
using DemEngine.Files;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints;

/// <summary>Planned position of a tensor in the output.</summary>
/// <param name="Spec">Name, element type and shape of the tensor.</param>
/// <param name="Shard">Index of the tensor's shard.</param>
/// <param name="Offset">Offset of the tensor's first byte in the shard's file.</param>
public readonly record struct PlacedTensor(TensorSpec Spec, int Shard, long Offset);

/// <summary>Shard file to be written.</summary>
/// <param name="FileName">Name of the file, such as <c>model-00001-of-00003.safetensors</c>.</param>
/// <param name="Header">Everything before the data: length field, JSON and padding.</param>
/// <param name="Length">Length of the whole file in bytes.</param>
public sealed record PlannedShard(string FileName, ReadOnlyMemory<byte> Header, long Length)
{
    private readonly Func<byte[]>? _build;
    private readonly ReadOnlyMemory<byte> _header = Header;

    /// <summary>
    /// Makes a shard whose header is built whenever it is asked for, since those of large models take much room.
    /// </summary>
    /// <param name="fileName">Name of the file.</param>
    /// <param name="build">Function that builds the header; it gives the same each time.</param>
    /// <param name="length">Length of the whole file in bytes.</param>
    internal PlannedShard(string fileName, Func<byte[]> build, long length)
        : this(fileName, ReadOnlyMemory<byte>.Empty, length) => _build = build;

    /// <summary>Everything before the data: length field, JSON and padding.</summary>
    public ReadOnlyMemory<byte> Header
    {
        get => _build is null ? _header : _build();
        init
        {
            _header = value;
            _build = null;
        }
    }
}

/// <summary>
/// Layout of an output checkpoint, fixed to the byte before anything is written. File names and the greedy split are Hugging
/// Face's. The tensors keep the order in which they are given, except that within a shard larger elements come first, so that all
/// data are aligned.
/// </summary>
public sealed class ShardLayout
{
    /// <summary>Default maximum of data bytes in a shard, which is Hugging Face's: 5 GB (decimal).</summary>
    public const long DefaultMaxShardBytes = 5_000_000_000;

    // The headers of more tensors are built when they are written.
    private const int MostKept = 20_000;

    // What is written here is JSON whatever the names are, and with half a million of them the writer's checks take time.
    private static readonly JsonWriterOptions HeaderOptions =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private ShardLayout(ImmutableArray<PlannedShard> shards, ImmutableArray<PlacedTensor> tensors)
    {
        Shards = shards;
        Tensors = tensors;
    }

    /// <summary>Shard files, in order.</summary>
    public ImmutableArray<PlannedShard> Shards { get; }

    /// <summary>Tensors in the order of their data, shard after shard.</summary>
    public ImmutableArray<PlacedTensor> Tensors { get; }

    /// <summary>Size of all tensors in bytes, as the index states it.</summary>
    public long TotalSize => Tensors.Sum(tensor => tensor.Spec.ByteLength);

    /// <summary>
    /// Position of each of <see cref="Tensors"/> among those that <see cref="Plan"/> was given; empty elsewhere.
    /// </summary>
    internal ImmutableArray<int> GivenAt { get; private init; } = [];

    /// <summary>Name of the index file.</summary>
    internal string IndexFileName { get; private init; } = Checkpoint.IndexFileName;

    /// <summary>Returns the same layout under the file names of another library.</summary>
    /// <param name="names">Names that the library gives the weights.</param>
    internal ShardLayout Under(WeightNames names)
    {
        string stem = Path.GetFileNameWithoutExtension(names.Single);
        string own = Path.GetFileNameWithoutExtension(Checkpoint.SingleFileName);
        return new ShardLayout(
            [.. Shards.Select(shard => shard with { FileName = stem + shard.FileName[own.Length..] })], Tensors)
        {
            GivenAt = GivenAt,
            IndexFileName = names.Index,
        };
    }

    /// <summary>Makes a layout of files that are laid out already.</summary>
    /// <param name="shards">The files.</param>
    /// <param name="tensors">Tensors in the order of their data, file after file.</param>
    internal static ShardLayout Of(ImmutableArray<PlannedShard> shards, ImmutableArray<PlacedTensor> tensors) =>
        new(shards, tensors);

    /// <summary>Lays out a checkpoint.</summary>
    /// <param name="tensors">Tensors of the checkpoint, in order.</param>
    /// <param name="maxShardBytes">Maximum number of data bytes in a shard. Only a single larger tensor may exceed it.</param>
    /// <param name="metadata">Free text for every header, besides <c>format: pt</c>, which an own <c>format</c> replaces.</param>
    public static ShardLayout Plan(
        IEnumerable<TensorSpec> tensors,
        long maxShardBytes = DefaultMaxShardBytes,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        List<List<TensorSpec>> groups = Cut(tensors, maxShardBytes);
        var shards = ImmutableArray.CreateBuilder<PlannedShard>();
        var placed = ImmutableArray.CreateBuilder<PlacedTensor>(groups.Sum(group => group.Count));
        bool areKept = groups.Sum(group => group.Count) <= MostKept;
        var givenAt = ImmutableArray.CreateBuilder<int>(placed.Capacity);
        ImmutableArray<PlacedTensor> all = [];
        for (int shard = 0; shard < groups.Count; shard++)
        {
            List<TensorSpec> group = groups[shard];
            int first = givenAt.Count;
            int count = group.Count;
            foreach (int k in InOrder(group))
            {
                givenAt.Add(first + k);
                placed.Add(new PlacedTensor(group[k], shard, Offset: 0));
            }

            groups[shard] = [];
            int jsonLength = MeasuredJson.LengthOf(json => WriteHeader(json, placed, first, count, metadata), HeaderOptions);
            long offset = HeaderLength(jsonLength);
            for (int at = first; at < first + count; at++)
            {
                placed[at] = placed[at] with { Offset = offset };
                offset += placed[at].Spec.ByteLength;
            }

            string name = groups.Count == 1
                ? Checkpoint.SingleFileName
                : $"model-{shard + 1:D5}-of-{groups.Count:D5}.safetensors";
            shards.Add(areKept
                ? new PlannedShard(name, BuildHeader(placed, first, count, metadata, jsonLength), offset)
                : new PlannedShard(name, () => BuildHeader(all, first, count, metadata, jsonLength), offset));
        }

        all = placed.MoveToImmutable();
        return new ShardLayout(shards.ToImmutable(), all) { GivenAt = givenAt.MoveToImmutable() };
    }

    /// <summary>Returns the contents of the index file; null for a single shard, which needs none.</summary>
    public byte[]? BuildIndex()
    {
        if (Shards.Length == 1)
            return null;

        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, HeaderOptions with { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteStartObject("metadata");
            json.WriteNumber("total_size", TotalSize);
            json.WriteEndObject();
            json.WriteStartObject("weight_map");
            foreach (PlacedTensor tensor in Tensors.OrderBy(tensor => tensor.Spec.Name, StringComparer.Ordinal))
                json.WriteString(tensor.Spec.Name, Shards[tensor.Shard].FileName);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    private static List<List<TensorSpec>> Cut(IEnumerable<TensorSpec> tensors, long maxShardBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxShardBytes, 1);
        List<List<TensorSpec>> groups = [[]];
        long size = 0;
        foreach (TensorSpec spec in tensors)
        {
            if (groups[^1].Count > 0 && size + spec.ByteLength > maxShardBytes)
            {
                groups.Add([]);
                size = 0;
            }

            groups[^1].Add(spec);
            size += spec.ByteLength;
        }

        return groups;
    }

    /// <summary>Positions of tensors in the order in which a shard has them: larger elements first, else as they are.</summary>
    private static IEnumerable<int> InOrder(List<TensorSpec> tensors)
    {
        IEnumerable<int> order = Enumerable.Range(0, tensors.Count);
        for (int k = 1; k < tensors.Count; k++)
        {
            if (tensors[k].Type.Size > tensors[k - 1].Type.Size)
                return order.OrderByDescending(k => tensors[k].Type.Size); // A stable sort.
        }

        return order;
    }

    // The specification allows trailing spaces. They align the data for every element type.
    private static int HeaderLength(int jsonLength) => (SafetensorsHeader.PrefixLength + jsonLength + 7) / 8 * 8;

    private static byte[] BuildHeader(
        IReadOnlyList<PlacedTensor> tensors,
        int first,
        int count,
        IReadOnlyDictionary<string, string>? metadata,
        int jsonLength)
    {
        byte[] header = new byte[HeaderLength(jsonLength)];
        BinaryPrimitives.WriteInt64LittleEndian(header, header.Length - SafetensorsHeader.PrefixLength);
        MeasuredJson.Fill(
            json => WriteHeader(json, tensors, first, count, metadata),
            HeaderOptions,
            header.AsMemory(SafetensorsHeader.PrefixLength, jsonLength));
        header.AsSpan(SafetensorsHeader.PrefixLength + jsonLength).Fill((byte)' ');
        return header;
    }

    private static void WriteHeader(
        Utf8JsonWriter json,
        IReadOnlyList<PlacedTensor> tensors,
        int first,
        int count,
        IReadOnlyDictionary<string, string>? metadata)
    {
        json.WriteStartObject();
        json.WriteStartObject("__metadata__");
        json.WriteString("format", metadata?.GetValueOrDefault("format") ?? "pt");
        IEnumerable<KeyValuePair<string, string>> rest =
            (metadata ?? new Dictionary<string, string>()).Where(pair => pair.Key != "format");
        foreach (var (key, value) in rest.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            json.WriteString(key, value);
        json.WriteEndObject();

        long offset = 0;
        for (int at = first; at < first + count; at++)
        {
            TensorSpec spec = tensors[at].Spec;
            json.WriteStartObject(spec.Name);
            json.WriteString("dtype", spec.Type.SafetensorsName);
            json.WriteStartArray("shape");
            foreach (long dimension in spec.Shape.Dimensions)
                json.WriteNumberValue(dimension);
            json.WriteEndArray();
            json.WriteStartArray("data_offsets");
            json.WriteNumberValue(offset);
            json.WriteNumberValue(offset += spec.ByteLength);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}
