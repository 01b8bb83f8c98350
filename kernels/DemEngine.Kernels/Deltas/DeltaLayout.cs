using System.Runtime.InteropServices;
using DemEngine.Kernels.Elements;
using DemEngine.Kernels.Streaming;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;
using ILGPU;

namespace DemEngine.Kernels.Deltas;

/// <summary>
/// How a part of a tile lies in a buffer: weights and row factors, the inputs, what is copied back, then the sources' differences, which only the device
/// sees, and room for keys.
/// </summary>
internal sealed class DeltaLayout
{
    private const int TermBytes = 16;

    private readonly int _weightBytes;
    private readonly int _sources;
    private readonly Func<int, long> _resultBytes;

    /// <param name="inputs">The base, the sources, and ranks.</param>
    /// <param name="sources">Number of sources.</param>
    /// <param name="factors">Row factors that the tile needs.</param>
    /// <param name="resultBytes">What so many elements give back.</param>
    public DeltaLayout(ReadOnlySpan<TypedBytes> inputs, int sources, int factors, Func<int, long> resultBytes)
    {
        var types = new ElementType[inputs.Length];
        for (int k = 0; k < types.Length; k++)
            types[k] = inputs[k].Type;
        _sources = sources;
        _resultBytes = resultBytes;
        _weightBytes = sources * Marshal.SizeOf<DeviceWeights>();
        int terms = (_weightBytes + (Math.Max(1, factors) * sizeof(float)) + TermBytes - 1) / TermBytes;
        Shape = new TileShape(types, terms, elements => Aligned(resultBytes(elements)) + ((sources + 1) * Stride(elements)), needsOneType: false);
    }

    /// <summary>The inputs and what is copied back; differences and keys count as a part of that.</summary>
    public TileShape Shape { get; }

    /// <summary>Bytes from one source's differences to the next.</summary>
    public static long Stride(int elements) => TileShape.Stride(ElementType.F32, elements);

    /// <summary>Where the result starts.</summary>
    public long ResultAt(int elements) => Shape.ResultAt(elements) + TileShape.CountBytes;

    /// <summary>The weights.</summary>
    public Span<DeviceWeights> HostWeights(TileBuffers buffers) =>
        MemoryMarshal.Cast<byte, DeviceWeights>(buffers.Host(TileShape.TermsAt, _weightBytes));

    /// <summary>The row factors.</summary>
    public Span<float> HostFactors(TileBuffers buffers) =>
        MemoryMarshal.Cast<byte, float>(buffers.Host(TileShape.TermsAt + _weightBytes, Shape.InputsAt - TileShape.TermsAt - _weightBytes));

    public ArrayView<DeviceWeights> Weights(TileBuffers buffers) => buffers.Device<DeviceWeights>(TileShape.TermsAt, _weightBytes);

    public ArrayView<float> Factors(TileBuffers buffers) =>
        buffers.Device<float>(TileShape.TermsAt + _weightBytes, Shape.InputsAt - TileShape.TermsAt - _weightBytes);

    /// <summary>The differences of all sources.</summary>
    public ArrayView<Words4> Deltas(TileBuffers buffers, int elements) =>
        buffers.Tensors(DeltasAt(elements), DeltasAt(elements) + (_sources * Stride(elements)));

    /// <summary>The differences of one source.</summary>
    public ArrayView<Words4> Delta(TileBuffers buffers, int source, int elements)
    {
        long from = DeltasAt(elements) + (source * Stride(elements));
        return buffers.Tensors(from, from + Stride(elements));
    }

    /// <summary>Room for keys.</summary>
    public ArrayView<Words4> Keys(TileBuffers buffers, int elements) => Delta(buffers, _sources, elements);

    /// <summary>Row factors that a tile needs: those of its rows, from that of its first element on.</summary>
    public static ReadOnlySpan<float> FactorsOf(RowFactors factors, long first, int count)
    {
        int from = (int)(first / factors.RowElements);
        int end = (int)Math.Min(factors.Values.Length, (first + count + factors.RowElements - 1) / factors.RowElements);
        return factors.Values.AsSpan(from, end - from);
    }

    private long DeltasAt(int elements) => ResultAt(elements) + Aligned(_resultBytes(elements));

    private static long Aligned(long bytes) => (bytes + TileBuffers.WordBytes - 1) / TileBuffers.WordBytes * TileBuffers.WordBytes;
}
