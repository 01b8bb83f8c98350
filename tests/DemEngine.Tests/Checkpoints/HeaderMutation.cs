using System.Buffers.Binary;
using System.Text;

namespace DemEngine.Tests.Checkpoints;

/// <summary>Spoils valid text, a little or a lot: bits, bytes, JSON tokens, numbers, and the length field in front of it.</summary>
internal sealed class HeaderMutation(int seed)
{
    private static readonly byte[][] Tokens =
    [
        .. new[]
        {
            "{", "}", "[", "]", ",", ":", "\"", "\\", " ", "\0", "null", "true", "0", "-", ".5", "e9", "{}", "[]", "[0]", "[0,0]", "\"\"", "\"a\":", "\"b\"", "\"dtype\":",
            "\"shape\":", "\"data_offsets\":", "\"__metadata__\":", "\"U8\"", "\"F64\"", "\"BF16\"", "\"weight_map\":", "\"../x\"", "\\u0000", "\\ud800", "\uFEFF", "😀",
        }.Select(Encoding.UTF8.GetBytes),
        [0xFF], [0xC3, 0x28], [0xED, 0xA0, 0x80],
    ];

    private static readonly string[] Numbers =
    [
        "0", "1", "2", "3", "4", "5", "7", "8", "9", "16", "-1", "-0", "1.0", "1e1", "01", "255", "65536", "2147483647", "2147483648", "4294967296",
        "4611686018427387904", "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616", "99999999999999999999999999",
    ];

    private readonly Random _random = new(seed);

    /// <summary>Text with one to three faults.</summary>
    public byte[] Spoil(ReadOnlySpan<byte> text)
    {
        List<byte> bytes = [.. text];
        for (int faults = 1 + _random.Next(3); faults > 0 && bytes.Count > 0; faults--)
            SpoilOnce(bytes);
        return [.. bytes];
    }

    /// <summary>A whole file with a spoilt header; mostly with the length that belongs to it.</summary>
    public byte[] SpoilFile(ReadOnlySpan<byte> header, int dataLength)
    {
        byte[] file = SafetensorsText.Build(Spoil(header), Math.Max(0, dataLength + (_random.Next(20) == 0 ? _random.Next(-4, 5) : 0)));
        if (_random.Next(10) == 0)
            file[_random.Next(8)] ^= (byte)(1 << _random.Next(8));
        else if (_random.Next(10) == 0)
            BinaryPrimitives.WriteInt64LittleEndian(file, BinaryPrimitives.ReadInt64LittleEndian(file) + _random.Next(-5, 6));
        return file;
    }

    private void SpoilOnce(List<byte> bytes)
    {
        int at = _random.Next(bytes.Count);
        switch (_random.Next(14))
        {
            case 0:
                bytes[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1:
                bytes[at] = (byte)_random.Next(256);
                break;
            case 2:
                bytes.InsertRange(at, Tokens[_random.Next(Tokens.Length)]);
                break;
            case 3:
                bytes.RemoveRange(at, Math.Min(bytes.Count - at, 1 + _random.Next(6)));
                break;
            case 4:
                bytes.InsertRange(_random.Next(bytes.Count + 1), bytes.GetRange(at, Math.Min(bytes.Count - at, 1 + _random.Next(80))));
                break;
            case 5:
                SwapStrings(bytes);
                break;
            default:
                EditNumber(bytes, at);
                break;
        }
    }

    /// <summary>Exchanges two quoted strings, so that the JSON stays whole.</summary>
    private void SwapStrings(List<byte> bytes)
    {
        int[] quotes = [.. Enumerable.Range(0, bytes.Count).Where(i => bytes[i] == '"')];
        if (quotes.Length < 4)
            return;

        int first = _random.Next(quotes.Length / 2) * 2, second = _random.Next(quotes.Length / 2) * 2;
        if (first == second)
            return;

        (first, second) = (Math.Min(first, second), Math.Max(first, second));
        List<byte> one = bytes.GetRange(quotes[first], quotes[first + 1] - quotes[first]);
        List<byte> other = bytes.GetRange(quotes[second], quotes[second + 1] - quotes[second]);
        bytes.RemoveRange(quotes[second], other.Count);
        bytes.InsertRange(quotes[second], one);
        bytes.RemoveRange(quotes[first], one.Count);
        bytes.InsertRange(quotes[first], other);
    }

    private void EditNumber(List<byte> bytes, int from)
    {
        int start = bytes.FindIndex(from, c => char.IsAsciiDigit((char)c));
        if (start < 0)
            return;

        int end = start;
        while (end < bytes.Count && char.IsAsciiDigit((char)bytes[end]))
            end++;
        bytes.RemoveRange(start, end - start);
        bytes.InsertRange(start, Encoding.ASCII.GetBytes(Numbers[_random.Next(Numbers.Length)]));
    }
}
