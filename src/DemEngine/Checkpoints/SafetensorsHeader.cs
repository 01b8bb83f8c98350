using System.Collections.Immutable;
using System.Text.Json;
using DemEngine.Errors;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints;

/// <summary>Header entry of one tensor.</summary>
/// <param name="Spec">Name, element type and shape of the tensor.</param>
/// <param name="Offset">Offset of the tensor's first byte from the start of the data, which follows the header.</param>
internal readonly record struct TensorEntry(TensorSpec Spec, long Offset);

/// <summary>
/// Header of a safetensors file: an 8-byte little-endian length, followed by that many bytes of JSON. Everything that the
/// specification (https://github.com/huggingface/safetensors#format) demands is checked, since the file may be hostile.
/// </summary>
internal sealed class SafetensorsHeader
{
    /// <summary>Size of the length field in bytes.</summary>
    public const int PrefixLength = 8;

    /// <summary>Maximum length of the JSON that the reference implementation accepts, in bytes.</summary>
    public const int MaxJsonLength = 100_000_000;

    private const int UsualDimensions = 8;

    private const string MetadataKey = "__metadata__";

    private SafetensorsHeader(ImmutableArray<TensorEntry> tensors, ImmutableDictionary<string, string> metadata)
    {
        Tensors = tensors;
        Metadata = metadata;
    }

    /// <summary>Tensors in the order of their data in the file.</summary>
    public ImmutableArray<TensorEntry> Tensors { get; }

    /// <summary>Free text from the writer of the file, by key.</summary>
    public ImmutableDictionary<string, string> Metadata { get; }

    /// <summary>
    /// Reads the length field. A length that the file cannot hold is rejected before any memory is allocated for it.
    /// </summary>
    /// <param name="prefix">First bytes of the file, at most <see cref="PrefixLength"/>.</param>
    /// <param name="fileLength">Length of the whole file in bytes.</param>
    /// <param name="file">Name of the file, for messages.</param>
    /// <returns>Length of the JSON in bytes.</returns>
    /// <exception cref="DemException">DEM2002 (TruncatedFile) or DEM2003 (HeaderTooLarge).</exception>
    public static int JsonLength(ReadOnlySpan<byte> prefix, long fileLength, string file)
    {
        if (prefix.Length < PrefixLength || fileLength < PrefixLength)
            throw new DemException(ErrorCode.TruncatedFile, $"{file}: {fileLength} bytes are too few for a safetensors file")
            {
                Path = file,
            };

        ulong length = System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > MaxJsonLength)
            throw new DemException(
                ErrorCode.HeaderTooLarge,
                $"{file}: the header claims {length} bytes, more than {MaxJsonLength}")
            {
                Path = file,
            };
        if ((long)length > fileLength - PrefixLength)
            throw new DemException(
                ErrorCode.HeaderTooLarge,
                $"{file}: the header claims {length} bytes, the file has {fileLength}")
            {
                Path = file,
            };
        return (int)length;
    }

    /// <summary>Reads and checks the JSON.</summary>
    /// <param name="json">Complete JSON of the header, including padding.</param>
    /// <param name="dataLength">Number of bytes in the file after the header.</param>
    /// <param name="file">Name of the file, for messages.</param>
    /// <param name="pool">Tensors that were read before; null for none.</param>
    /// <exception cref="DemException">
    /// DEM2002 (TruncatedFile): the file is shorter than its header says. DEM2004 to DEM2009: the header is invalid.
    /// </exception>
    public static SafetensorsHeader Parse(ReadOnlySpan<byte> json, long dataLength, string file, SpecPool? pool = null)
    {
        if (json.Length == 0 || json[0] != (byte)'{')
            throw new DemException(ErrorCode.HeaderNotJson, $"{file}: the header does not begin with '{{'") { Path = file };

        var tensors = new List<TensorEntry>();
        var metadata = ImmutableDictionary<string, string>.Empty;
        var names = new HashSet<string>(StringComparer.Ordinal);
        pool ??= new SpecPool();
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 8 });
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string name = pool.Names.Of(in reader);
                if (!names.Add(name))
                    throw new DemException(ErrorCode.DuplicateName, $"{file}: the name {Quoted.Name(name)} occurs twice")
                    {
                        Path = file,
                    };

                reader.Read();
                if (name == MetadataKey)
                    metadata = ParseMetadata(ref reader, file);
                else
                    tensors.Add(ParseTensor(ref reader, name, file, pool));
            }

            if (reader.Read())
                throw new DemException(ErrorCode.HeaderNotJson, $"{file}: text follows the header's closing brace")
                {
                    Path = file,
                };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new DemException(ErrorCode.HeaderNotJson, $"{file}: the header is not valid JSON: {JsonFault.Describe(e)}", e)
            {
                Path = file,
            };
        }

        // Empty tensors come before the tensor that starts at the same offset.
        if (!IsInOrder(tensors))
            tensors.Sort(Compare);
        CheckCoverage(tensors, dataLength, file);
        return new SafetensorsHeader([.. tensors], metadata);
    }

    private static bool IsInOrder(List<TensorEntry> tensors)
    {
        for (int k = 1; k < tensors.Count; k++)
        {
            if (Compare(tensors[k - 1], tensors[k]) > 0)
                return false;
        }

        return true;
    }

    private static int Compare(TensorEntry a, TensorEntry b) =>
        a.Offset != b.Offset ? a.Offset.CompareTo(b.Offset) : a.Spec.ByteLength.CompareTo(b.Spec.ByteLength);

    private static ImmutableDictionary<string, string> ParseMetadata(ref Utf8JsonReader reader, string file)
    {
        var metadata = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        if (reader.TokenType == JsonTokenType.Null)
            return metadata.ToImmutable();
        Expect(reader, JsonTokenType.StartObject, file, MetadataKey);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            Expect(reader, JsonTokenType.String, file, MetadataKey);
            if (!metadata.TryAdd(key, reader.GetString()!))
                throw new DemException(ErrorCode.DuplicateName, $"{file}: the metadata key {Quoted.Name(key)} occurs twice")
                {
                    Path = file,
                };
        }

        return metadata.ToImmutable();
    }

    private static TensorEntry ParseTensor(ref Utf8JsonReader reader, string name, string file, SpecPool pool)
    {
        ElementType? type = null;
        TensorShape? shape = null;
        (long Begin, long End)? offsets = null;

        Expect(reader, JsonTokenType.StartObject, file, name);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = KeyOf(in reader);
            reader.Read();
            bool isNew = key switch
            {
                "dtype" => Set(ref type, ParseType(ref reader, name, file)),
                "shape" => Set(ref shape, ParseShape(ref reader, name, file, pool)),
                "data_offsets" => Set(ref offsets, ParseOffsets(ref reader, name, file)),
                _ => throw new DemException(
                    ErrorCode.HeaderNotJson, $"{file}: tensor {Quoted.Name(name)}: unknown key {Quoted.Name(key)}")
                {
                    Path = file,
                    Tensor = name,
                },
            };
            if (!isNew)
                throw new DemException(
                    ErrorCode.DuplicateName,
                    $"{file}: tensor {Quoted.Name(name)}: key \"{key}\" occurs twice")
                {
                    Path = file,
                    Tensor = name,
                };
        }

        if (type is null || shape is null || offsets is null)
            throw new DemException(
                ErrorCode.HeaderNotJson,
                $"{file}: tensor {Quoted.Name(name)} lacks dtype, shape or data_offsets")
            {
                Path = file,
                Tensor = name,
            };

        long elements = shape.Value.ElementCount;
        if (elements > long.MaxValue / type.Value.Size)
            throw new DemException(
                ErrorCode.BadShape,
                $"{file}: tensor {Quoted.Name(name)}: the size of shape {Brief(shape.Value)} overflows")
            {
                Path = file,
                Tensor = name,
            };

        var spec = pool.Of(name, type.Value, shape.Value);
        if (!spec.IsWholeBytes)
            throw new DemException(
                ErrorCode.BadShape,
                $"{file}: tensor {Quoted.Name(name)}: {spec.Type.SafetensorsName}{Brief(spec.Shape)} "
                + $"takes no whole number of bytes, at {spec.Type.Bits} bits an element")
            {
                Path = file,
                Tensor = name,
            };
        var (begin, end) = offsets.Value;
        if (end - begin != spec.ByteLength)
        {
            throw new DemException(
                ErrorCode.SizeMismatch,
                $"{file}: tensor {Quoted.Name(name)}: {spec.Type.SafetensorsName}{Brief(spec.Shape)} "
                + $"takes {spec.ByteLength} bytes, its offsets span {end - begin}")
            {
                Path = file,
                Tensor = name,
            };
        }

        return new TensorEntry(spec, begin);
    }

    private static string Brief(TensorShape shape) =>
        shape.Dimensions.Length <= 16 ? $"{shape}" : $" of {shape.Dimensions.Length} dimensions";

    private static bool Set<T>(ref T? field, T value)
        where T : struct
    {
        bool isNew = field is null;
        field = value;
        return isNew;
    }

    private static string KeyOf(in Utf8JsonReader reader) =>
        reader.ValueTextEquals("dtype"u8) ? "dtype"
        : reader.ValueTextEquals("shape"u8) ? "shape"
        : reader.ValueTextEquals("data_offsets"u8) ? "data_offsets"
        : reader.GetString()!;

    private static ElementType ParseType(ref Utf8JsonReader reader, string name, string file)
    {
        Expect(reader, JsonTokenType.String, file, name);
        string text = reader.ValueTextEquals("BF16"u8) ? "BF16" : reader.GetString()!;
        if (!ElementTypes.TryParseSafetensors(text, out ElementType type))
            throw new DemException(
                ErrorCode.UnknownElementType,
                $"{file}: tensor {Quoted.Name(name)}: element type {Quoted.Name(text)}")
            {
                Path = file,
                Tensor = name,
            };
        return type;
    }

    private static TensorShape ParseShape(ref Utf8JsonReader reader, string name, string file, SpecPool pool)
    {
        Span<long> dimensions = stackalloc long[UsualDimensions];
        int count = 0;
        Expect(reader, JsonTokenType.StartArray, file, name);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long dimension) || dimension < 0)
                throw new DemException(
                    ErrorCode.BadShape,
                    $"{file}: tensor {Quoted.Name(name)}: a dimension is not a non-negative integer")
                {
                    Path = file,
                    Tensor = name,
                };
            if (count == dimensions.Length)
            {
                long[] more = new long[count * 2];
                dimensions.CopyTo(more);
                dimensions = more;
            }

            dimensions[count++] = dimension;
        }

        if (!pool.TryShape(dimensions[..count], out TensorShape shape))
            throw new DemException(
                ErrorCode.BadShape,
                $"{file}: tensor {Quoted.Name(name)}: the shape's element count overflows")
            {
                Path = file,
                Tensor = name,
            };
        return shape;
    }

    private static (long Begin, long End) ParseOffsets(ref Utf8JsonReader reader, string name, string file)
    {
        Span<long> offsets = stackalloc long[2];
        int count = 0;
        Expect(reader, JsonTokenType.StartArray, file, name);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (count == 2
                || reader.TokenType != JsonTokenType.Number
                || !reader.TryGetInt64(out offsets[count])
                || offsets[count] < 0)
                throw new DemException(
                    ErrorCode.BadOffsets,
                    $"{file}: tensor {Quoted.Name(name)}: data_offsets are not two non-negative integers")
                {
                    Path = file,
                    Tensor = name,
                };
            count++;
        }

        if (count != 2 || offsets[0] > offsets[1])
            throw new DemException(
                ErrorCode.BadOffsets,
                $"{file}: tensor {Quoted.Name(name)}: data_offsets are not [begin, end] in order")
            {
                Path = file,
                Tensor = name,
            };
        return (offsets[0], offsets[1]);
    }

    private static void Expect(in Utf8JsonReader reader, JsonTokenType expected, string file, string name)
    {
        if (reader.TokenType != expected)
        {
            throw new DemException(
                ErrorCode.HeaderNotJson, $"{file}: {Quoted.Name(name)}: expected {expected}, found {reader.TokenType}")
            {
                Path = file,
            };
        }
    }

    private static void CheckCoverage(List<TensorEntry> tensors, long dataLength, string file)
    {
        long covered = 0;
        foreach (TensorEntry tensor in tensors)
        {
            if (tensor.Offset != covered)
            {
                string fault = tensor.Offset < covered ? "overlaps the tensor before it" : "leaves a hole before it";
                throw new DemException(
                    ErrorCode.BadOffsets,
                    $"{file}: tensor {Quoted.Name(tensor.Spec.Name)} at offset {tensor.Offset} {fault} (expected {covered})")
                {
                    Path = file,
                };
            }

            covered += tensor.Spec.ByteLength;
            if (covered > dataLength)
            {
                throw new DemException(
                    ErrorCode.TruncatedFile,
                    $"{file}: tensor {Quoted.Name(tensor.Spec.Name)} "
                    + $"ends at byte {covered} of the data, the file has {dataLength}")
                {
                    Path = file,
                };
            }
        }

        if (covered != dataLength)
            throw new DemException(
                ErrorCode.BadOffsets,
                $"{file}: {dataLength - covered} bytes after the last tensor belong to none")
            {
                Path = file,
            };
    }
}
