using System.Buffers.Binary;
using System.Text;
using DemEngine.Evaluation.Tokenization.Definition;

namespace DemEngine.Evaluation.Tokenization.SentencePiece;

/// <summary>
/// Reads the fields of a message in Protocol Buffers' wire format (https://protobuf.dev/programming-guides/encoding), one after
/// the other.
/// </summary>
internal ref struct ProtobufFields(ReadOnlySpan<byte> message, string file)
{
    private ReadOnlySpan<byte> _rest = message;
    private ulong _number;
    private ReadOnlySpan<byte> _bytes;

    /// <summary>Number of the field that was read last.</summary>
    public int Field { get; private set; }

    private int _wireType;

    /// <summary>Reads the next field.</summary>
    /// <returns>Whether there was another field.</returns>
    /// <exception cref="DemException">DEM2105 (BadTokenizer): the message is malformed.</exception>
    public bool Read()
    {
        if (_rest.IsEmpty)
            return false;
        ulong tag = Varint();
        if (tag >> 3 is 0 or > int.MaxValue)
            throw Bad();
        Field = (int)(tag >> 3);
        _wireType = (int)(tag & 7);
        _bytes = _wireType switch
        {
            0 => default,
            1 => Take(8),
            2 => Take(Varint()),
            5 => Take(4),
            _ => throw Bad(),
        };
        if (_wireType == 0)
            _number = Varint();
        return true;
    }

    public readonly int Number => _wireType == 0 ? unchecked((int)_number) : throw Bad();

    public readonly bool Flag => Number != 0;

    public readonly float Single => _wireType == 5 ? BinaryPrimitives.ReadSingleLittleEndian(_bytes) : throw Bad();

    public readonly ReadOnlySpan<byte> Bytes => _wireType == 2 ? _bytes : throw Bad();

    public readonly string Text
    {
        get
        {
            try
            {
                return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Bytes);
            }
            catch (ArgumentException)
            {
                throw Bad();
            }
        }
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte next = Take(1)[0];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }

        throw Bad();
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)_rest.Length)
            throw Bad();
        ReadOnlySpan<byte> taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }

    private readonly DemException Bad() => TokenizerFault.Damaged(file, "not a SentencePiece model, or cut off");
}
