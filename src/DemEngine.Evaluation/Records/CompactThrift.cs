namespace DemEngine.Evaluation.Records;

/// <summary>
/// Goes over a structure in Thrift's compact form, and takes nothing from outside its bytes
/// (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md).
/// </summary>
/// <param name="bytes">Bytes that begin with the structure.</param>
/// <param name="found">
/// Is told of each whole number that is a field of a known structure, and with field 0 of each such structure's beginning.
/// </param>
internal ref struct CompactThrift(ReadOnlySpan<byte> bytes, Action<ThriftStructure, int, long> found)
{
    private const int Deepest = 32;
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private readonly Action<ThriftStructure, int, long> _found = found;
    private int _at;

    /// <summary>Number of bytes that it went over.</summary>
    public readonly int Length => _at;

    /// <summary>Goes over a structure.</summary>
    /// <param name="expected">Kind of its value for each field that is known.</param>
    /// <param name="depth">Number of structures and lists around it.</param>
    /// <exception cref="InvalidDataException">A value has another kind, or leads out of the bytes.</exception>
    public void Skip(ThriftStructure expected, int depth = 0)
    {
        if (depth > Deepest)
            throw new InvalidDataException("its description is nested too deep");
        _found(expected, 0, 0);
        for (short field = 0; ;)
        {
            byte header = Byte();
            if (header == 0)
                return;
            field = header >> 4 == 0 ? (short)Zigzag(Number()) : (short)(field + (header >> 4));
            ThriftKind? known = expected.Find(field);
            var found = (ThriftType)(header & 15);
            if (known is not null && known.Type != Plain(found))
                throw new InvalidDataException($"field {field} of its {expected.Name} is of another type");
            if (found is ThriftType.Int16 or ThriftType.Int32 or ThriftType.Int64)
                _found(expected, field, Zigzag(Number()));
            else
                Skip(found, known, depth + 1);
        }
    }

    private static long Zigzag(ulong number) => (long)(number >> 1) ^ -(long)(number & 1);

    private static ThriftType Plain(ThriftType type) => type == ThriftType.False ? ThriftType.True : type;

    private void Skip(ThriftType type, ThriftKind? known, int depth)
    {
        switch (type)
        {
            case ThriftType.True or ThriftType.False:
                break;
            case ThriftType.Byte:
                _ = Byte();
                break;
            case ThriftType.Int16 or ThriftType.Int32 or ThriftType.Int64:
                _ = Number();
                break;
            case ThriftType.Double:
                Pass(sizeof(double));
                break;
            case ThriftType.Binary:
                Pass(Number());
                break;
            case ThriftType.List or ThriftType.Set:
                SkipList(known?.Item, depth);
                break;
            case ThriftType.Structure:
                Skip(known?.Structure ?? ThriftStructure.Unknown, depth);
                break;
            case ThriftType.Uuid:
                Pass(16);
                break;
            default:
                // Of maps Parquet has none.
                throw new InvalidDataException($"its description has a value of type {(int)type}");
        }
    }

    private void SkipList(ThriftKind? known, int depth)
    {
        byte header = Byte();
        ulong count = header >> 4 == 15 ? Number() : (ulong)header >> 4;
        var type = (ThriftType)(header & 15);

        // In a list these take a byte, which not every reader knows, and Parquet has no such list in what is read here.
        bool isAmbiguous = Plain(type) == ThriftType.True;
        if (count > (ulong)(_bytes.Length - _at)
            || (count > 0 && (isAmbiguous || (known is not null && known.Type != type)))
            || depth > Deepest)
        {
            throw new InvalidDataException($"its description has a list of {count} values of type {(int)type}");
        }

        for (; count > 0; count--)
            Skip(type, known, depth + 1);
    }

    private byte Byte() => _at < _bytes.Length ? _bytes[_at++] : throw new InvalidDataException("its description is cut off");

    private ulong Number()
    {
        ulong number = 0;
        for (int shift = 0; shift < 70; shift += 7)
        {
            byte part = Byte();
            number |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
                return number;
        }

        throw new InvalidDataException("its description has a number of more than 64 bits");
    }

    private void Pass(ulong length)
    {
        if (length > (ulong)(_bytes.Length - _at))
            throw new InvalidDataException($"its description has a text of {length} bytes, and {_bytes.Length - _at} are left");
        _at += (int)length;
    }
}

/// <summary>Types of Thrift's compact form; booleans have their value in the type.</summary>
internal enum ThriftType
{
    True = 1,
    False = 2,
    Byte = 3,
    Int16 = 4,
    Int32 = 5,
    Int64 = 6,
    Double = 7,
    Binary = 8,
    List = 9,
    Set = 10,
    Structure = 12,
    Uuid = 13,
}

/// <summary>What a field holds.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Item">For a list, what its items are.</param>
/// <param name="Structure">For a structure, which one.</param>
internal sealed record ThriftKind(ThriftType Type, ThriftKind? Item = null, ThriftStructure? Structure = null);

/// <summary>The fields of a structure.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Fields">Numbers of its fields with what each holds.</param>
internal sealed record ThriftStructure(string Name, params (int Field, ThriftKind Kind)[] Fields)
{
    /// <summary>A structure of which nothing is known.</summary>
    public static ThriftStructure Unknown { get; } = new("description");

    /// <summary>What a field holds; null if it is not known.</summary>
    public ThriftKind? Find(int field)
    {
        foreach (var (known, kind) in Fields)
        {
            if (known == field)
                return kind;
        }

        return null;
    }
}
