using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Elements;

namespace DemEngine.Evaluation;

/// <summary>Weights as binary32, in which models are computed.</summary>
public static class WeightDecoding
{
    private const int PartElements = 1 << 16;

    /// <summary>Reads a whole tensor. Exact, except that binary64 is rounded to nearest.</summary>
    /// <param name="tensor">Of a floating-point type.</param>
    /// <param name="destination">Room for all its elements.</param>
    public static void Decode(ITensorData tensor, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, tensor.Spec.Shape.ElementCount, nameof(destination));
        using var scratch = new NativeBuffer(PartElements * tensor.Spec.Type.Size);
        for (int first = 0; first < destination.Length; first += PartElements)
        {
            int count = Math.Min(PartElements, destination.Length - first);
            Decode(tensor.Read(first, count, scratch.Bytes), destination.Slice(first, count));
        }
    }

    /// <summary>Reads elements.</summary>
    /// <param name="source">Of a floating-point type.</param>
    /// <param name="destination">As many.</param>
    public static void Decode(TypedBytes source, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, source.Count, nameof(destination));
        FloatElements.Dispatch<Decoder, bool>(source.Type, new Decoder(source.Bytes.Span, destination));
    }

    private readonly ref struct Decoder(ReadOnlySpan<byte> source, Span<float> destination) : IFloatElementVisitor<bool>
    {
        private readonly ReadOnlySpan<byte> _source = source;
        private readonly Span<float> _destination = destination;

        public bool Visit<TElement>()
            where TElement : IFloatElement
        {
            for (int i = 0; i < _destination.Length; i++)
                _destination[i] = (float)TElement.Read(in _source[i * TElement.Size]);
            return true;
        }
    }
}
