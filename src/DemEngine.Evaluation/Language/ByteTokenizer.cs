using System.Collections.Immutable;
using System.Text;

namespace DemEngine.Evaluation.Language;

/// <summary>
/// Byte-level tokenizer: ids 0 to 255 are the bytes of the text's UTF-8, 256 begins a text, 257 ends one, and 258 pads batches.
/// It encodes any text and needs no files beside a model.
/// </summary>
public sealed class ByteTokenizer : ITokenizer
{
    private const int Bytes = 256;

    private ByteTokenizer()
    {
    }

    /// <summary>The only instance; it has no state.</summary>
    public static ByteTokenizer Instance { get; } = new();

    /// <inheritdoc/>
    public int VocabularySize => Padding + 1;

    /// <inheritdoc/>
    public int? BeginOfText => Bytes;

    /// <inheritdoc/>
    public int EndOfText => Bytes + 1;

    /// <summary>Id that pads shorter sequences; it is never predicted.</summary>
    public int Padding => Bytes + 2;

    /// <inheritdoc/>
    public ImmutableArray<int> Encode(string text) => [.. Encoding.UTF8.GetBytes(text).Select(value => (int)value)];

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> tokens)
    {
        var bytes = new List<byte>(tokens.Length);
        foreach (int token in tokens)
        {
            if (token is >= 0 and < Bytes)
                bytes.Add((byte)token);
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }
}
