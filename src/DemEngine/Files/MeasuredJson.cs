using System.Buffers;
using System.Text.Json;

namespace DemEngine.Files;

/// <summary>
/// Writes JSON into memory of exactly its length, by writing it twice: first to count its bytes, then to keep them. A buffer that
/// grows while it is written to takes three times the length in the end, and headers and manifests of models with very many
/// tensors are the largest things that a plan or a finished run has in memory.
/// </summary>
internal static class MeasuredJson
{
    /// <summary>Counts the bytes of a text.</summary>
    /// <param name="write">Function that writes the text, the same each time.</param>
    /// <param name="options">Form of the text.</param>
    public static int LengthOf(Action<Utf8JsonWriter> write, JsonWriterOptions options) => Write(write, options, null);

    /// <summary>Writes a text.</summary>
    /// <param name="write">Function that writes the text, the same each time.</param>
    /// <param name="options">Form of the text.</param>
    /// <param name="target">Memory of the length that <see cref="LengthOf"/> says.</param>
    public static void Fill(Action<Utf8JsonWriter> write, JsonWriterOptions options, Memory<byte> target) =>
        Write(write, options, target);

    private static int Write(Action<Utf8JsonWriter> write, JsonWriterOptions options, Memory<byte>? target)
    {
        var text = new Text(target);
        using (var json = new Utf8JsonWriter(text, options))
            write(json);
        return text.Length;
    }

    /// <summary>Takes what is written: counts it, and keeps it where there is memory for it.</summary>
    private sealed class Text(Memory<byte>? target) : IBufferWriter<byte>
    {
        private byte[] _aside = new byte[16384];
        private bool _isAside;

        public int Length { get; private set; }

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            // A writer asks for more than it needs, so that the end of the text is written aside.
            int asked = Math.Max(sizeHint, 1);
            _isAside = target is not { } all || all.Length - Length < asked;
            if (!_isAside)
                return target!.Value[Length..];
            if (_aside.Length < asked)
                _aside = new byte[asked];
            return _aside;
        }

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public void Advance(int count)
        {
            if (_isAside && target is { } all)
                _aside.AsSpan(0, count).CopyTo(all.Span[Length..]);
            Length += count;
        }
    }
}
