using System.Buffers.Binary;
using System.Text;
using DemEngine.Errors;

namespace DemEngine.Checkpoints.Pickles;

/// <summary>Reads the bytes of a pickle in order. Every length is checked before memory is taken for it.</summary>
/// <param name="bytes">The whole pickle.</param>
/// <param name="path">Path of the file that holds it, for messages.</param>
internal sealed class PickleBytes(byte[] bytes, string path)
{
    private const int LongestText = 1 << 24;
    private const int LongestName = 1000;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Offset of the next byte.</summary>
    public int Position { get; private set; }

    /// <summary>Reads a byte.</summary>
    public byte Byte() => Next(1)[0];

    /// <summary>Reads an unsigned number of 2 bytes.</summary>
    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Next(sizeof(ushort)));

    /// <summary>Reads a number of 4 bytes.</summary>
    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Next(sizeof(int)));

    /// <summary>Reads an unsigned number of 4 bytes.</summary>
    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Next(sizeof(uint)));

    /// <summary>Reads an unsigned number of 8 bytes.</summary>
    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Next(sizeof(ulong)));

    /// <summary>Reads a binary64, which is the only number in a pickle with its highest byte first.</summary>
    public double Double() => BinaryPrimitives.ReadDoubleBigEndian(Next(sizeof(double)));

    /// <summary>Reads a text.</summary>
    /// <param name="length">Its length in bytes of UTF-8.</param>
    public string Text(ulong length)
    {
        if (length > LongestText)
            throw Wrong($"a text of {length} bytes");
        ReadOnlySpan<byte> text = Next(length);
        try
        {
            return Strict.GetString(text);
        }
        catch (DecoderFallbackException)
        {
            throw Wrong("a text that is not UTF-8");
        }
    }

    /// <summary>Reads a text of Python 2, whose encoding is not known: names of weights are ASCII.</summary>
    /// <param name="length">Its length in bytes.</param>
    public string OldText(ulong length) => length > LongestText
        ? throw Wrong($"a text of {length} bytes")
        : Encoding.Latin1.GetString(Next(length));

    /// <summary>Passes over bytes.</summary>
    public void Skip(ulong count) => Next(count);

    /// <summary>Reads the line that names a module or what is in it.</summary>
    public string Line()
    {
        ReadOnlySpan<byte> rest = bytes.AsSpan(Position);
        int length = rest[..Math.Min(rest.Length, LongestName + 1)].IndexOf((byte)'\n');
        if (length < 0)
            throw Wrong("a name without an end");
        string line = Text((ulong)length);
        Skip(1);
        return line;
    }

    /// <summary>Reads bytes.</summary>
    public ReadOnlySpan<byte> Next(ulong count)
    {
        if (count > (ulong)(bytes.Length - Position))
            throw Wrong("it ends too early");
        ReadOnlySpan<byte> next = bytes.AsSpan(Position, (int)count);
        Position += (int)count;
        return next;
    }

    /// <summary>Makes the error of a pickle that is not as the format demands.</summary>
    public DemException Wrong(string why) =>
        new(ErrorCode.BadPickle, $"{path}: the pickle is not read: {Quoted.Plain(why, 400)}, at byte {Position}") { Path = path };
}
