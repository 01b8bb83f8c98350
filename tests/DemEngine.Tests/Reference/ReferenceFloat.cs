using System.Buffers.Binary;
using DemEngine.Numerics;

namespace DemEngine.Tests.Reference;

/// <summary>
/// One floating-point element type from its definition, written for being obviously right and apart from the engine's own codecs,
/// which are checked against it.
/// </summary>
internal abstract class ReferenceFloat(ElementType type, int size, ulong largest)
{
    private static readonly Dictionary<ElementType, ReferenceFloat> All = new ReferenceFloat[]
    {
        new TableFloat(ElementType.F8E4M3, exponentBits: 4, mantissaBits: 3, bias: 7, hasInfinities: false, canonicalNaN: 0x7F),
        new TableFloat(ElementType.F8E5M2, exponentBits: 5, mantissaBits: 2, bias: 15, hasInfinities: true, canonicalNaN: 0x7E),
        new TableFloat(ElementType.F8E4M3Fnuz, exponentBits: 4, mantissaBits: 3, bias: 8, hasInfinities: false, canonicalNaN: 0x80),
        new TableFloat(ElementType.F8E5M2Fnuz, exponentBits: 5, mantissaBits: 2, bias: 16, hasInfinities: false, canonicalNaN: 0x80),
        new TableFloat(ElementType.F16, exponentBits: 5, mantissaBits: 10, bias: 15, hasInfinities: true, canonicalNaN: 0x7E00),
        new TableFloat(ElementType.BF16, exponentBits: 8, mantissaBits: 7, bias: 127, hasInfinities: true, canonicalNaN: 0x7FC0),
        new SingleFloat(),
        new DoubleFloat(),
    }.ToDictionary(type => type.Type);

    public static IEnumerable<ElementType> Types => All.Keys;

    public ElementType Type { get; } = type;

    /// <summary>Bytes of an element.</summary>
    public int Size { get; } = size;

    /// <summary>The encoding of the largest finite value.</summary>
    public ulong Largest { get; } = largest;

    public ulong SignBit => 1UL << ((8 * Size) - 1);

    public static ReferenceFloat Of(ElementType type) => All[type];

    public abstract double Value(ulong encoding);

    /// <summary>The encoding of the nearest value, ties to the even encoding.</summary>
    public abstract ulong Round(double value);

    public virtual bool IsFinite(ulong encoding) => (encoding & ~SignBit) <= Largest;

    public ulong Load(ReadOnlySpan<byte> elements, int index)
    {
        ReadOnlySpan<byte> at = elements[(index * Size)..];
        return Size switch
        {
            1 => at[0],
            2 => BinaryPrimitives.ReadUInt16LittleEndian(at),
            4 => BinaryPrimitives.ReadUInt32LittleEndian(at),
            _ => BinaryPrimitives.ReadUInt64LittleEndian(at),
        };
    }

    public void Store(Span<byte> elements, int index, ulong encoding)
    {
        for (int k = 0; k < Size; k++)
            elements[(index * Size) + k] = (byte)(encoding >> (8 * k));
    }
}
