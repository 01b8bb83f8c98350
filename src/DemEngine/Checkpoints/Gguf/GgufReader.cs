using System.Buffers.Binary;
using System.Text;

namespace DemEngine.Checkpoints.Gguf;

/// <summary>Reads the header of a GGUF file value by value. Every length is checked before memory is taken for it.</summary>
/// <param name="file">The file.</param>
/// <param name="path">Path of the file, for messages.</param>
internal sealed class GgufReader(GgufBytes file, string path)
{
    // The names of a model's tensors and tokens are far shorter; a chat template can be long.
    private const int LongestText = 1 << 24;

    // Metadata and names of the largest models take some megabytes; the lists of tokens are passed over.
    private const long MostKept = 1L << 28;

    private readonly byte[] _buffer = new byte[1 << 16];
    private long _kept;
    private long _start;
    private int _held;
    private int _at;

    /// <summary>Offset of the next byte in the file.</summary>
    public long Position => _start + _at;

    /// <summary>Number of bytes that follow.</summary>
    public long Left => file.Length - Position;

    /// <summary>Reads an unsigned number of 4 bytes.</summary>
    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Next(sizeof(uint)));

    /// <summary>Reads an unsigned number of 8 bytes.</summary>
    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Next(sizeof(ulong)));

    /// <summary>Reads a few bytes, which are valid until the next read.</summary>
    /// <param name="count">Number of bytes, at most 64.</param>
    public ReadOnlySpan<byte> Next(int count)
    {
        if (count > Left)
            throw Wrong($"the file ends in its header, at byte {file.Length}");
        if (_at + count > _held)
        {
            _start += _at;
            _at = 0;
            _held = (int)Math.Min(_buffer.Length, file.Length - _start);
            file.Read(_start, _buffer.AsSpan(0, _held));
        }

        ReadOnlySpan<byte> part = _buffer.AsSpan(_at, count);
        _at += count;
        return part;
    }

    /// <summary>Reads a text with its length in front.</summary>
    public string ReadText()
    {
        int length = (int)Length(LongestText);
        Keep(length);
        byte[] bytes = new byte[length];
        for (int at = 0; at < length;)
        {
            int count = Math.Min(64, length - at);
            Next(count).CopyTo(bytes.AsSpan(at));
            at += count;
        }

        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>Counts memory that is taken for what is read, and for an entry that holds it.</summary>
    /// <exception cref="DemException">DEM2036 (BadGguf): it is more than any model needs.</exception>
    public void Keep(long bytes)
    {
        const int Entry = 128;
        _kept += bytes + Entry;
        if (_kept > MostKept)
            throw Wrong($"the header holds more than {MostKept >> 20} MB of names and values");
    }

    /// <summary>Passes over a text with its length in front.</summary>
    public void SkipText() => Skip(Length(LongestText));

    /// <summary>Reads a number of things that follow, each of at least one byte.</summary>
    /// <param name="most">The largest number that can be right.</param>
    public long Length(long most)
    {
        ulong length = ReadUInt64();
        return length <= (ulong)Math.Min(most, Left) ? (long)length : throw Wrong($"a length in the header is {length}");
    }

    /// <summary>Passes over bytes.</summary>
    public void Skip(long count)
    {
        if (count > Left)
            throw Wrong($"the file ends in its header, at byte {file.Length}");
        if (_at + count <= _held)
        {
            _at += (int)count;
            return;
        }

        _start += _at + count;
        _at = 0;
        _held = 0;
    }

    /// <summary>Makes the error of a file that is not as the format demands.</summary>
    public DemException Wrong(string why) => new(ErrorCode.BadGguf, $"{path}: GGUF: {why}") { Path = path };
}
