using System.Runtime.InteropServices;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Numerics;

namespace DemEngine.Merging.Quantizing;

/// <summary>The scales of a quantised tensor, one for each block.</summary>
/// <param name="spec">The scales.</param>
/// <param name="matrix">The tensor without quantisation.</param>
/// <param name="maxima">Largest absolute values of its blocks.</param>
internal sealed class QuantizedScales(TensorSpec spec, MeasuredMatrix matrix, SharedMaxima maxima)
    : QuantizedPart(spec, matrix, maxima)
{
    public override string Operation => $"scale of ({Matrix.Tensor.Operation})";

    public override NonFinite Produce(long first, TypedBytes output, ITileContext workspace)
    {
        Span<float> scales = MemoryMarshal.Cast<byte, float>(output.Bytes.Span);
        for (int k = 0; k < scales.Length; k++)
            scales[k] = Maxima.ScaleOf((int)(first + k));
        return default;
    }
}
