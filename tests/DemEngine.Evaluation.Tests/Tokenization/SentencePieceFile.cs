using System.Text;

namespace DemEngine.Evaluation.Tests.Tokenization;

/// <summary>Writes <c>tokenizer.model</c> byte by byte: Protocol Buffers' wire format, fields numbered as in sentencepiece_model.proto.</summary>
internal sealed class SentencePieceFile
{
    private readonly List<byte> _bytes = [];

    /// <summary>Llama's settings; what is given here replaces them.</summary>
    public static byte[] Make(
        IEnumerable<(string Text, float Score, int Type)> pieces, int modelType = 2, bool byteFallback = true, bool prefix = true, bool extraSpaces = false, byte[]? characterMap = null)
    {
        var model = new SentencePieceFile();
        foreach (var (text, score, type) in pieces)
            model.Message(1, new SentencePieceFile().Message(1, Encoding.UTF8.GetBytes(text)).Single(2, score).Number(3, type)._bytes);
        model.Message(2, new SentencePieceFile().Number(3, modelType).Number(4, 1000).Number(35, byteFallback ? 1 : 0).Number(40, 0).Number(41, 1).Number(42, 2).Number(43, -1)._bytes);
        model.Message(3, new SentencePieceFile().Message(1, "identity"u8.ToArray()).Message(2, characterMap ?? []).Number(3, prefix ? 1 : 0).Number(4, extraSpaces ? 1 : 0).Number(5, 1)._bytes);
        return [.. model._bytes];
    }

    /// <summary>Unknown, begin, end, bytes: ids 0 to 258.</summary>
    public static IEnumerable<(string Text, float Score, int Type)> Start() =>
        [("<unk>", 0, 2), ("<s>", 0, 3), ("</s>", 0, 3), .. Enumerable.Range(0, 256).Select(value => ($"<0x{value:X2}>", 0f, 6))];

    private SentencePieceFile Number(int field, int value) => Varint((ulong)field << 3).Varint(unchecked((ulong)(long)value));

    private SentencePieceFile Single(int field, float value)
    {
        Varint(((ulong)field << 3) | 5);
        _bytes.AddRange(BitConverter.GetBytes(value));
        return this;
    }

    private SentencePieceFile Message(int field, IReadOnlyCollection<byte> bytes)
    {
        Varint(((ulong)field << 3) | 2).Varint((ulong)bytes.Count);
        _bytes.AddRange(bytes);
        return this;
    }

    private SentencePieceFile Varint(ulong value)
    {
        for (; value > 0x7F; value >>= 7)
            _bytes.Add((byte)(value | 0x80));
        _bytes.Add((byte)value);
        return this;
    }
}
