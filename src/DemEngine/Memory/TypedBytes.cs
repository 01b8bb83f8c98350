using DemEngine.Numerics;

namespace DemEngine.Memory;

/// <summary>A run of elements of one type. No alignment is promised: safetensors data may start anywhere.</summary>
/// <param name="Type">Their type.</param>
/// <param name="Bytes">Their bytes, a whole number of elements.</param>
public readonly record struct TypedBytes(ElementType Type, NativeBytes Bytes)
{
    /// <summary>Number of elements.</summary>
    public int Count => Bytes.Length / Type.Size;

    /// <summary>A part of the run.</summary>
    /// <param name="start">Index of the first element.</param>
    /// <param name="count">Number of elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">The part does not lie within.</exception>
    public TypedBytes Slice(int start, int count)
    {
        // In elements: in bytes a product could overflow, and pass.
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)start, (uint)Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(Count - start));
        return this with { Bytes = Bytes.Slice(start * Type.Size, count * Type.Size) };
    }
}
