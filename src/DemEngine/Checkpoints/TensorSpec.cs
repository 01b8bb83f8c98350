using DemEngine.Numerics;

namespace DemEngine.Checkpoints;

/// <summary>What a tensor is, apart from where its bytes lie.</summary>
/// <param name="Name">Its name, unique in the checkpoint.</param>
/// <param name="Type">The type of its elements.</param>
/// <param name="Shape">Its dimensions.</param>
public sealed record TensorSpec(string Name, ElementType Type, TensorShape Shape)
{
    /// <summary>Bytes of all elements.</summary>
    /// <exception cref="OverflowException">The size does not fit 64 bits.</exception>
    public long ByteLength => checked(Shape.ElementCount * Type.Size);
}
