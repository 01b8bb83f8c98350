using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;
using DemEngine.Errors;
using DemEngine.Numerics;
using DemEngine.Numerics.Quantized.Blocks;

namespace DemEngine.Checkpoints.Gguf;

/// <summary>
/// Header of a GGUF file of version 2 or 3 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). Everything that the
/// specification demands is checked, since the file may be hostile.
/// </summary>
internal sealed class GgufHeader
{
    // Arrays of numbers by layer are kept; those by token are only counted.
    private const int MostKept = 4096;
    private const int DefaultAlignment = 32;
    private const uint ArrayType = 9;
    private const uint TextType = 8;

    private readonly Dictionary<string, object> _values = new(StringComparer.Ordinal);
    private readonly string _path;

    private GgufHeader(string path) => _path = path;

    /// <summary>Tensors in the order of the header.</summary>
    public ImmutableArray<GgufTensor> Tensors { get; private set; } = [];

    /// <summary>Whether a file begins as GGUF files do.</summary>
    public static bool IsGguf(ReadOnlySpan<byte> start) => start.StartsWith("GGUF"u8);

    /// <summary>Reads a header.</summary>
    /// <param name="file">The file.</param>
    /// <param name="path">Path of the file, for messages.</param>
    /// <exception cref="DemException">
    /// DEM2036 (BadGguf): the file is not as the format demands. DEM2037 (UnknownGguf): a tensor is of a type that is not read.
    /// </exception>
    public static GgufHeader Read(GgufBytes file, string path)
    {
        var reader = new GgufReader(file, path);
        var header = new GgufHeader(path);
        reader.Skip(4);
        uint version = reader.ReadUInt32();
        if (version is not (2 or 3))
            throw new DemException(
                ErrorCode.UnknownGguf,
                $"{path}: GGUF of version {version}; versions 2 and 3 are read",
                remedy: BitOperations.PopCount(version) > 0 && (version & 0xFFFF) == 0
                    ? "This is a file for machines with the other order of bytes; convert it with gguf-py's gguf_convert_endian."
                    : "Convert the model again with a newer llama.cpp.")
            {
                Path = path,
            };
        long tensors = reader.Length(int.MaxValue / 2);
        long values = reader.Length(int.MaxValue / 2);
        for (long k = 0; k < values; k++)
        {
            string key = reader.ReadText();
            if (!header._values.TryAdd(key, ReadValue(reader, reader.ReadUInt32())))
                throw reader.Wrong($"the key {Quoted.Name(key)} occurs twice");
        }

        header.ReadTensors(reader, tensors, file.Length);
        return header;
    }

    /// <summary>Returns a whole number of the metadata, or the largest of a list of them; null if there is none.</summary>
    public long? Number(string key) => _values.GetValueOrDefault(key) switch
    {
        long number => number,
        ImmutableArray<long> { Length: > 0 } list => list.Max(),
        _ => null,
    };

    /// <summary>Returns a number of the metadata; null if there is none.</summary>
    public double? Real(string key) => _values.GetValueOrDefault(key) switch
    {
        double number => number,
        long number => number,
        _ => null,
    };

    /// <summary>Returns a text of the metadata; null if there is none.</summary>
    public string? Text(string key) => _values.GetValueOrDefault(key) as string;

    /// <summary>Texts and numbers of the metadata, as text, by key.</summary>
    public ImmutableDictionary<string, string> Texts => _values
        .Where(pair => pair.Value is string { Length: <= 1000 } or long or double or bool)
        .ToImmutableDictionary(
            pair => pair.Key,
            pair => Convert.ToString(pair.Value, CultureInfo.InvariantCulture) ?? "",
            StringComparer.Ordinal);

    private static object ReadValue(GgufReader reader, uint type)
    {
        if (type == TextType)
            return reader.ReadText();
        if (type != ArrayType)
            return Scalar(reader, type);

        uint of = reader.ReadUInt32();
        long count = reader.Length(int.MaxValue);
        if (of == ArrayType)
            throw reader.Wrong("an array of arrays is in the header");
        if (of == TextType)
        {
            for (long k = 0; k < count; k++)
                reader.SkipText();
            return new object();
        }

        int size = SizeOf(reader, of);
        if (count > MostKept || of is 6 or 12)
        {
            reader.Skip(checked(count * size));
            return new object();
        }

        reader.Keep(count * sizeof(long));
        var list = ImmutableArray.CreateBuilder<long>((int)count);
        for (int k = 0; k < count; k++)
            list.Add(Scalar(reader, of) switch { long number => number, bool flag => flag ? 1 : 0, _ => 0 });
        return list.ToImmutable();
    }

    private static object Scalar(GgufReader reader, uint type)
    {
        ReadOnlySpan<byte> bytes = reader.Next(SizeOf(reader, type));
        return type switch
        {
            0 => (long)bytes[0],
            1 => (long)(sbyte)bytes[0],
            2 => (long)BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            3 => (long)BinaryPrimitives.ReadInt16LittleEndian(bytes),
            4 => (long)BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            5 => (long)BinaryPrimitives.ReadInt32LittleEndian(bytes),
            6 => (double)BinaryPrimitives.ReadSingleLittleEndian(bytes),
            7 => bytes[0] != 0,
            10 => (long)Math.Min(BinaryPrimitives.ReadUInt64LittleEndian(bytes), long.MaxValue),
            11 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
            _ => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        };
    }

    private static int SizeOf(GgufReader reader, uint type) => type switch
    {
        0 or 1 or 7 => 1,
        2 or 3 => 2,
        4 or 5 or 6 => 4,
        10 or 11 or 12 => 8,
        _ => throw reader.Wrong($"a value of the header has the unknown type {type}"),
    };

    private void ReadTensors(GgufReader reader, long count, long fileLength)
    {
        long alignment = _values.GetValueOrDefault("general.alignment", (long)DefaultAlignment) is long number ? number : 0;
        if (alignment is <= 0 or > 1 << 20 || !BitOperations.IsPow2(alignment))
            throw reader.Wrong($"general.alignment is {alignment}");
        var read = new List<(GgufTensor Tensor, ulong Offset)>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (long k = 0; k < count; k++)
        {
            GgufTensor tensor = ReadTensor(reader, out ulong offset);
            if (!names.Add(tensor.Name))
                throw new DemException(ErrorCode.DuplicateName, $"{_path}: the tensor {Quoted.Name(tensor.Name)} occurs twice")
                {
                    Path = _path,
                };
            read.Add((tensor, offset));
        }

        long start = (reader.Position + alignment - 1) / alignment * alignment;
        long end = start;
        foreach (var (tensor, offset) in read.OrderBy(one => one.Offset))
        {
            if (offset % (ulong)alignment != 0 || offset > (ulong)Math.Max(0, fileLength - start)
                || tensor.Bytes > fileLength - start - (long)offset || start + (long)offset < end)
                throw reader.Wrong(
                    $"tensor {Quoted.Name(tensor.Name)} has {tensor.Bytes} bytes at offset {offset}, which are not aligned, "
                    + "overlap another tensor's, or lie beyond the file's end");
            end = start + (long)offset + tensor.Bytes;
        }

        Tensors = [.. read.Select(one => one.Tensor with { Offset = start + (long)one.Offset })];
    }

    private GgufTensor ReadTensor(GgufReader reader, out ulong offset)
    {
        string name = reader.ReadText();
        uint rank = reader.ReadUInt32();
        if (rank is 0 or > 4)
            throw reader.Wrong($"tensor {Quoted.Name(name)} has {rank} dimensions");
        long[] sizes = new long[rank];
        for (int k = sizes.Length - 1; k >= 0; k--)
            sizes[k] = (long)Math.Min(reader.ReadUInt64(), long.MaxValue);
        uint type = reader.ReadUInt32();
        offset = reader.ReadUInt64();
        long elements = 1;
        foreach (long size in sizes)
        {
            // No file holds as many elements as 2^48.
            if (size <= 0 || elements > (1L << 48) / size)
                throw reader.Wrong($"tensor {Quoted.Name(name)} is [{string.Join(", ", sizes)}]");
            elements *= size;
        }

        ElementType? plain = type switch
        {
            0 => ElementType.F32,
            1 => ElementType.F16,
            24 => ElementType.I8,
            25 => ElementType.I16,
            26 => ElementType.I32,
            27 => ElementType.I64,
            28 => ElementType.F64,
            30 => ElementType.BF16,
            _ => null,
        };
        if (plain is { } known)
            return new GgufTensor(name, [.. sizes], known, null, 0, elements * known.Size);
        BlockFormat format = BlockFormat.Find(type) ?? throw new DemException(
            ErrorCode.UnknownGguf,
            $"{_path}: tensor {Quoted.Name(name)} is of ggml's type {type}; read are F32, F16, BF16, "
            + string.Join(", ", BlockFormat.All.Select(one => one.Name)))
        {
            Path = _path,
            Tensor = name,
        };
        return sizes[^1] % format.Elements == 0
            ? new GgufTensor(name, [.. sizes], null, format, 0, elements / format.Elements * format.Bytes)
            : throw reader.Wrong(
                $"tensor {Quoted.Name(name)} has rows of {sizes[^1]} elements, which are no whole blocks of {format.Name}");
    }
}
