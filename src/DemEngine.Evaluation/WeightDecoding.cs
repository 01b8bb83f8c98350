using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Elements;
using DemEngine.Numerics.Simd;

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
        FloatElements.Dispatch<Decoder, bool>(source.Type, new Decoder(source.Bytes.Span, destination));
    }

    private readonly ref struct Decoder(ReadOnlySpan<byte> source, Span<float> destination) : IFloatElementVisitor<bool>
    {
        private readonly ReadOnlySpan<byte> _source = source;
        private readonly Span<float> _destination = destination;

        public bool Visit<TElement>()
            where TElement : IFloatElement
        {
            int done = TElement.FitsSingle ? DecodeVectors<TElement>() : 0;
            for (int i = done; i < _destination.Length; i++)
                _destination[i] = (float)TElement.Read(in _source[i * TElement.Size]);
            return true;
        }

        private int DecodeVectors<TElement>()
            where TElement : IFloatElement
        {
            int end = _destination.Length - (_destination.Length % Width256.Lanes);
            ref byte destination = ref Unsafe.As<float, byte>(ref MemoryMarshal.GetReference(_destination));
            for (int i = 0; i < end; i += Width256.Lanes)
            {
                Vector256<uint> singles = TElement.LoadSingles<Width256, Vector256<uint>>(in _source[i * TElement.Size]);
                Width256.Store(singles, ref Unsafe.Add(ref destination, i * sizeof(float)));
            }

            return end;
        }
    }
}
