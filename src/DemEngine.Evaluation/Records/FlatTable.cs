using System.Buffers.Binary;

namespace DemEngine.Evaluation.Records;

/// <summary>
/// A table of FlatBuffers (https://flatbuffers.dev/internals), of which nothing is taken that does not lie within its bytes. It
/// goes forward only, so that a damaged table has no circles.
/// </summary>
internal readonly ref struct FlatTable
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _at;

    private FlatTable(ReadOnlySpan<byte> bytes, int at)
    {
        _bytes = bytes;
        _at = at;
    }

    /// <summary>The table that some bytes begin with a reference to.</summary>
    /// <exception cref="InvalidDataException">It lies outside the bytes, as in all members here.</exception>
    public static FlatTable Root(ReadOnlySpan<byte> bytes) => new(bytes, Target(bytes, 0));

    /// <summary>A whole number of eight bytes; 0 if it is not there.</summary>
    public long Int64(int field) => FieldAt(field) is var at && at == 0 ? 0 : Number(_bytes, at);

    /// <summary>A byte; 0 if it is not there.</summary>
    public byte Byte(int field) => FieldAt(field) is var at && at == 0 ? (byte)0 : Part(_bytes, at, 1)[0];

    /// <summary>Finds a table within this one.</summary>
    public bool TryTable(int field, out FlatTable table)
    {
        int at = FieldAt(field);
        table = at == 0 ? default : new FlatTable(_bytes, Target(_bytes, at));
        return at != 0;
    }

    /// <summary>The items of a vector, side by side; empty if it is not there.</summary>
    /// <param name="field">Number of the field.</param>
    /// <param name="size">Number of bytes of an item.</param>
    public ReadOnlySpan<byte> Items(int field, int size) =>
        Vector(field, size) is var (first, count) ? _bytes.Slice(first, count * size) : default;

    /// <summary>Number of tables in a vector of tables.</summary>
    public int CountTables(int field) => Vector(field, sizeof(uint)).Count;

    /// <summary>A table in a vector of tables.</summary>
    public FlatTable TableAt(int field, int index) =>
        new(_bytes, Target(_bytes, Vector(field, sizeof(uint)).First + (index * sizeof(uint))));

    private static InvalidDataException Outside => new("a reference or a length in its description leads out of it");

    private static long Number(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(Part(bytes, at, 8));

    private static ReadOnlySpan<byte> Part(ReadOnlySpan<byte> bytes, long at, int length) =>
        at >= 0 && at <= bytes.Length - length ? bytes.Slice((int)at, length) : throw Outside;

    private static int Target(ReadOnlySpan<byte> bytes, int at)
    {
        uint distance = BinaryPrimitives.ReadUInt32LittleEndian(Part(bytes, at, 4));
        return distance >= sizeof(uint) && at + (long)distance <= bytes.Length - sizeof(uint)
            ? at + (int)distance
            : throw Outside;
    }

    // Where a field lies is in a table of its own, whose first number is its length.
    private int FieldAt(int field)
    {
        long places = (long)_at - BinaryPrimitives.ReadInt32LittleEndian(Part(_bytes, _at, 4));
        int place = 4 + (2 * field);
        if (place + 2 > BinaryPrimitives.ReadUInt16LittleEndian(Part(_bytes, places, 4)))
            return 0;
        ushort distance = BinaryPrimitives.ReadUInt16LittleEndian(Part(_bytes, places + place, 2));
        return distance == 0 ? 0 : _at + distance;
    }

    private (int First, int Count) Vector(int field, int size)
    {
        int at = FieldAt(field);
        if (at == 0)
            return (0, 0);
        int start = Target(_bytes, at);
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(Part(_bytes, start, 4));
        return count <= (_bytes.Length - start - 4) / size ? (start + 4, (int)count) : throw Outside;
    }
}
