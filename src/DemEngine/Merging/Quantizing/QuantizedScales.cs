using System.Runtime.InteropServices;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Statistics;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Merging.Quantizing;

/// <summary>The scales of a quantised tensor, one for each block.</summary>
/// <param name="spec">The scales.</param>
/// <param name="matrix">The tensor without quantisation.</param>
/// <param name="maxima">Largest absolute values of its blocks.</param>
internal sealed class QuantizedScales(TensorSpec spec, MeasuredMatrix matrix, SharedMaxima maxima) : OutputTensor(spec)
{
    private readonly OutputTensor _tensor = matrix.Tensor;

    public override IReadOnlyList<TensorReader> Inputs => _tensor.Inputs;

    public override string Operation => $"scale of ({_tensor.Operation})";

    public override IEnumerable<PlannedSource> Sources => _tensor.Sources;

    public override long StatisticsElements => matrix.StatisticsElements;

    public override long ReadMargin => _tensor.ReadMargin;

    public override int RankBuffers => _tensor.RankBuffers;

    public override IReadOnlyList<StatisticsPass> StartPasses(int tileElements) => matrix.StartPasses(tileElements, maxima);

    public override void Solve()
    {
        // The tensor is solved before it is measured.
    }

    public override NonFinite Produce(long first, TypedBytes output, ITileContext workspace)
    {
        Span<float> scales = MemoryMarshal.Cast<byte, float>(output.Bytes.Span);
        for (int k = 0; k < scales.Length; k++)
            scales[k] = maxima.Known!.ScaleOf((int)(first + k));
        return default;
    }

    public override void WillNeed(long first, long count) => _tensor.WillNeed(first, count);
}
