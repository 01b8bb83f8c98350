using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Elements;

namespace DemEngine.Adapters;

/// <summary>
/// A tensor of an adapter that is written: its elements lie in memory, rounded to the type that it is stored in.
/// </summary>
internal sealed class FactorTensor : ITensorData
{
    private readonly byte[] _bytes;

    /// <param name="name">Name of the tensor.</param>
    /// <param name="type">Floating-point type that it is stored in.</param>
    /// <param name="shape">Shape of the tensor.</param>
    /// <param name="numbers">Its elements, before they are rounded.</param>
    public FactorTensor(string name, ElementType type, TensorShape shape, ReadOnlySpan<float> numbers)
    {
        Spec = new TensorSpec(name, type, shape);
        ArgumentOutOfRangeException.ThrowIfNotEqual(numbers.Length, shape.ElementCount);
        _bytes = new byte[checked((int)Spec.ByteLength)];
        FloatNumbers.Write(type, numbers, _bytes);
    }

    public TensorSpec Spec { get; }

    public TypedBytes Read(long first, int count, NativeBytes scratch)
    {
        int size = Spec.Type.Size;
        NativeBytes part = scratch.Slice(0, count * size);
        _bytes.AsSpan((int)(first * size), count * size).CopyTo(part.Span);
        return new TypedBytes(Spec.Type, part);
    }

    /// <summary>Returns the elements as they are stored.</summary>
    public float[] Numbers()
    {
        var numbers = new float[Spec.Shape.ElementCount];
        FloatNumbers.Read(Spec.Type, _bytes, numbers);
        return numbers;
    }
}
