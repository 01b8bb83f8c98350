using DemEngine.Numerics;

namespace DemEngine.Checkpoints;

/// <summary>Description of a tensor, without the location of its bytes.</summary>
/// <param name="Name">Name of the tensor, unique in the checkpoint.</param>
/// <param name="Type">Type of the elements.</param>
/// <param name="Shape">Shape of the tensor.</param>
public sealed record TensorSpec(string Name, ElementType Type, TensorShape Shape)
{
    /// <summary>Size of all elements in bytes.</summary>
    /// <exception cref="OverflowException">The size does not fit 64 bits, or is no whole number of bytes.</exception>
    public long ByteLength => Type.Bits % 8 == 0
        ? checked(Shape.ElementCount * (Type.Bits / 8))
        : IsWholeBytes
        ? checked((long)((Int128)Shape.ElementCount * Type.Bits / 8))
        : throw new OverflowException($"{Shape} {Type.SafetensorsName} is no whole number of bytes");

    /// <summary>Number of units, which parts of the tensor are counted in; see <see cref="ElementTypes.get_Size"/>.</summary>
    public long UnitCount => Type.Bits % 8 == 0 ? Shape.ElementCount : ByteLength;

    /// <summary>
    /// Whether the elements fill whole bytes. Those of 4 and 6 bits need not, and are refused where they do not.
    /// </summary>
    internal bool IsWholeBytes => Type.Bits % 8 == 0 || (Int128)Shape.ElementCount * Type.Bits % 8 == 0;
}
