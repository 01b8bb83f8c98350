using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Elements;

namespace DemEngine.Evaluation;

/// <summary>Decodes weights to binary32, the format in which models are computed.</summary>
public static class WeightDecoding
{
    private const int PartElements = 1 << 16;

    /// <summary>Reads a whole tensor. The conversion is exact, except that binary64 is rounded to nearest.</summary>
    /// <param name="tensor">Tensor of a floating-point type.</param>
    /// <param name="destination">Destination of exactly as many elements as the tensor has.</param>
    public static void Decode(ITensorData tensor, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, tensor.Spec.Shape.ElementCount, nameof(destination));
        Decode(tensor, 0, destination);
    }

    /// <summary>Reads a range of a tensor's elements.</summary>
    /// <param name="tensor">Tensor of a floating-point type.</param>
    /// <param name="first">Index of the first element to read.</param>
    /// <param name="destination">Destination; its length is the number of elements that are read.</param>
    public static void Decode(ITensorData tensor, long first, Span<float> destination)
    {
        using var scratch = new NativeBuffer(Math.Min(PartElements, destination.Length) * tensor.Spec.Type.Size);
        for (int done = 0; done < destination.Length; done += PartElements)
        {
            int count = Math.Min(PartElements, destination.Length - done);
            Decode(tensor.Read(first + done, count, scratch.Bytes), destination.Slice(done, count));
        }
    }

    /// <summary>Decodes elements that are already in memory.</summary>
    /// <param name="source">Elements of a floating-point type.</param>
    /// <param name="destination">Destination of exactly as many elements as <paramref name="source"/> has.</param>
    public static void Decode(TypedBytes source, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, source.Count, nameof(destination));
        FloatNumbers.Read(source.Type, source.Bytes.Span, destination);
    }
}
