using DemEngine.Numerics;

namespace DemEngine.Checkpoints;

/// <summary>Description of a tensor, without the location of its bytes.</summary>
/// <param name="Name">Name of the tensor, unique in the checkpoint.</param>
/// <param name="Type">Type of the elements.</param>
/// <param name="Shape">Shape of the tensor.</param>
public sealed record TensorSpec(string Name, ElementType Type, TensorShape Shape)
{
    /// <summary>Size of all elements in bytes.</summary>
    /// <exception cref="OverflowException">The size does not fit 64 bits.</exception>
    public long ByteLength => checked(Shape.ElementCount * Type.Size);
}
