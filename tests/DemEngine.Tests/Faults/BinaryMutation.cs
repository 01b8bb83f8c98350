using System.Buffers.Binary;

namespace DemEngine.Tests.Faults;

/// <summary>Spoils a valid file of numbers and lengths: bits, bytes, whole numbers, and what stands where.</summary>
internal sealed class BinaryMutation(int seed)
{
    private static readonly ulong[] Numbers =
    [
        0, 1, 2, 3, 7, 8, 9, 31, 32, 64, 255, 65536, int.MaxValue, 1ul + int.MaxValue, uint.MaxValue, 1ul << 40, 1ul << 62, long.MaxValue, 1ul << 63, ulong.MaxValue,
    ];

    private readonly Random _random = new(seed);

    /// <summary>The file with one to three faults.</summary>
    public byte[] Spoil(ReadOnlySpan<byte> file)
    {
        List<byte> bytes = [.. file];
        for (int faults = 1 + _random.Next(3); faults > 0 && bytes.Count > 0; faults--)
            SpoilOnce(bytes);
        return [.. bytes];
    }

    private void SpoilOnce(List<byte> bytes)
    {
        int at = _random.Next(bytes.Count);
        switch (_random.Next(8))
        {
            case 0:
                bytes[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1:
                bytes[at] = (byte)_random.Next(256);
                break;
            case 2:
                bytes.RemoveRange(at, Math.Min(bytes.Count - at, 1 + _random.Next(8)));
                break;
            case 3:
                bytes.InsertRange(_random.Next(bytes.Count + 1), bytes.GetRange(at, Math.Min(bytes.Count - at, 1 + _random.Next(40))));
                break;
            case 4:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            default:
                SetNumber(bytes, at, 1 << _random.Next(4));
                break;
        }
    }

    private void SetNumber(List<byte> bytes, int at, int length)
    {
        Span<byte> number = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(number, Numbers[_random.Next(Numbers.Length)]);
        for (int k = 0; k < length && at + k < bytes.Count; k++)
            bytes[at + k] = number[k];
    }
}
