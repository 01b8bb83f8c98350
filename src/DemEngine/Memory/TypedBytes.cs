using DemEngine.Numerics;

namespace DemEngine.Memory;

/// <summary>Run of elements of one type. No alignment is guaranteed, since safetensors data may start anywhere.</summary>
/// <param name="Type">Type of the elements.</param>
/// <param name="Bytes">Bytes of the elements, a whole number of elements; any number where elements share bytes.</param>
public readonly record struct TypedBytes(ElementType Type, NativeBytes Bytes)
{
    /// <summary>Number of elements, or of bytes where elements share bytes; see <see cref="ElementTypes.get_Size"/>.</summary>
    public int Count => Bytes.Length / Type.Size;

    /// <summary>Returns a part of the run.</summary>
    /// <param name="start">Index of the first element.</param>
    /// <param name="count">Number of elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">The part does not lie within the run.</exception>
    public TypedBytes Slice(int start, int count)
    {
        // The check counts elements, since a product in bytes could overflow and pass.
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)start, (uint)Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(Count - start));
        return this with { Bytes = Bytes.Slice(start * Type.Size, count * Type.Size) };
    }
}
