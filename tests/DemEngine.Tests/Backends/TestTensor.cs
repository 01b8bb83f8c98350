using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Tests.Reference;

namespace DemEngine.Tests.Backends;

/// <summary>Elements in native memory at any offset, with a margin around them that shows stray writes.</summary>
internal sealed class TestTensor : IDisposable
{
    private const int Margin = 128;
    private const byte Untouched = 0xA5;

    private readonly NativeBuffer _buffer;
    private readonly int _start;

    public TestTensor(ElementType type, int count, int offset)
    {
        Float = ReferenceFloat.Of(type);
        _start = Margin + offset;
        _buffer = new NativeBuffer(_start + (count * Float.Size) + Margin);
        _buffer.Bytes.Span.Fill(Untouched);
        Elements = new TypedBytes(type, _buffer.Bytes.Slice(_start, count * Float.Size));
    }

    public ReferenceFloat Float { get; }

    public TypedBytes Elements { get; }

    public Span<byte> Bytes => Elements.Bytes.Span;

    public bool IsMarginIntact =>
        !_buffer.Bytes.Span[.._start].ContainsAnyExcept(Untouched) && !_buffer.Bytes.Span[(_start + Bytes.Length)..].ContainsAnyExcept(Untouched);

    public ulong this[int index]
    {
        get => Float.Load(Bytes, index);
        set => Float.Store(Bytes, index, value);
    }

    public double Value(int index) => Float.Value(this[index]);

    /// <summary>Sets the nearest value, and returns it.</summary>
    public double Set(int index, double value)
    {
        ulong encoding = Float.Round(value);
        this[index] = encoding;
        return Float.Value(encoding);
    }

    public void Dispose() => _buffer.Dispose();
}
