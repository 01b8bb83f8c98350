using System.Runtime.InteropServices;
using DemEngine.Kernels.Elements;
using DemEngine.Kernels.Streaming;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;
using ILGPU;

namespace DemEngine.Kernels.Deltas;

/// <summary>
/// Layout of a part of a tile in a buffer: weights and row factors, the inputs, the data that is copied back, then the sources'
/// differences, which never leave the device, and memory for keys.
/// </summary>
internal sealed class DeltaLayout
{
    private const int TermBytes = 16;

    private readonly int _outputs;
    private readonly int _weightBytes;
    private readonly int _sources;
    private readonly Func<int, long> _resultBytes;

    /// <summary>Computes the layout.</summary>
    /// <param name="inputs">The base, the sources, and the ranks.</param>
    /// <param name="sources">Number of sources.</param>
    /// <param name="factors">Number of row factors that the tile needs.</param>
    /// <param name="resultBytes">Function from a number of elements to the size of their result in bytes.</param>
    /// <param name="outputs">Number of combinations, each of which has weights of its own.</param>
    public DeltaLayout(
        ReadOnlySpan<TypedBytes> inputs, int sources, int factors, Func<int, long> resultBytes, int outputs = 1)
    {
        _outputs = outputs;
        var types = new ElementType[inputs.Length];
        for (int k = 0; k < types.Length; k++)
            types[k] = inputs[k].Type;
        _sources = sources;
        _resultBytes = resultBytes;
        _weightBytes = outputs * sources * Marshal.SizeOf<DeviceWeights>();
        int terms = (_weightBytes + (Math.Max(1, factors) * sizeof(float)) + TermBytes - 1) / TermBytes;
        Shape = new TileShape(
            types,
            terms,
            elements => Aligned(resultBytes(elements)) + ((sources + 1) * Stride(elements)),
            needsOneType: false);
    }

    /// <summary>Layout of the inputs and the data that is copied back; differences and keys count as a part of that.</summary>
    public TileShape Shape { get; }

    /// <summary>Distance in bytes between the differences of consecutive sources.</summary>
    public static long Stride(int elements) => TileShape.Stride(ElementType.F32, elements);

    /// <summary>Offset of the result in bytes.</summary>
    public long ResultAt(int elements) => Shape.ResultAt(elements) + TileShape.CountBytes;

    /// <summary>Host memory of the weights, of one combination after another.</summary>
    public Span<DeviceWeights> HostWeights(TileBuffers buffers) =>
        MemoryMarshal.Cast<byte, DeviceWeights>(buffers.Host(TileShape.TermsAt, _weightBytes));

    /// <summary>Host memory of the row factors.</summary>
    public Span<float> HostFactors(TileBuffers buffers) => MemoryMarshal.Cast<byte, float>(
        buffers.Host(TileShape.TermsAt + _weightBytes, Shape.InputsAt - TileShape.TermsAt - _weightBytes));

    /// <summary>Device memory of a combination's weights.</summary>
    public ArrayView<DeviceWeights> Weights(TileBuffers buffers, int output)
    {
        int bytes = _weightBytes / _outputs;
        return buffers.Device<DeviceWeights>(TileShape.TermsAt + ((long)output * bytes), bytes);
    }

    public ArrayView<float> Factors(TileBuffers buffers) =>
        buffers.Device<float>(TileShape.TermsAt + _weightBytes, Shape.InputsAt - TileShape.TermsAt - _weightBytes);

    /// <summary>Device memory of all sources' differences.</summary>
    public ArrayView<Words4> Deltas(TileBuffers buffers, int elements) =>
        buffers.Tensors(DeltasAt(elements), DeltasAt(elements) + (_sources * Stride(elements)));

    /// <summary>Device memory of one source's differences.</summary>
    public ArrayView<Words4> Delta(TileBuffers buffers, int source, int elements)
    {
        long from = DeltasAt(elements) + (source * Stride(elements));
        return buffers.Tensors(from, from + Stride(elements));
    }

    /// <summary>Device memory for keys.</summary>
    public ArrayView<Words4> Keys(TileBuffers buffers, int elements) => Delta(buffers, _sources, elements);

    /// <summary>The row factors that a tile needs: those of its rows, starting with the row of its first element.</summary>
    public static ReadOnlySpan<float> FactorsOf(RowFactors factors, long first, int count)
    {
        int from = (int)(first / factors.RowElements);
        int end = (int)Math.Min(factors.Values.Length, (first + count + factors.RowElements - 1) / factors.RowElements);
        return factors.Values.AsSpan(from, end - from);
    }

    private long DeltasAt(int elements) => ResultAt(elements) + Aligned(_resultBytes(elements));

    private static long Aligned(long bytes) =>
        (bytes + TileBuffers.WordBytes - 1) / TileBuffers.WordBytes * TileBuffers.WordBytes;
}
