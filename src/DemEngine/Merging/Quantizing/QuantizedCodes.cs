using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Statistics;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Merging.Quantizing;

/// <summary>
/// The codes of a quantised tensor: each element, rounded to the plain type that it would have, divided by the scale of its
/// block in binary32 and rounded to the nearest number of E4M3.
/// </summary>
/// <param name="spec">The codes.</param>
/// <param name="matrix">The tensor without quantisation.</param>
/// <param name="maxima">Largest absolute values of its blocks.</param>
internal sealed class QuantizedCodes(TensorSpec spec, MeasuredMatrix matrix, SharedMaxima maxima) : OutputTensor(spec)
{
    private readonly OutputTensor _tensor = matrix.Tensor;

    public override IReadOnlyList<TensorReader> Inputs => _tensor.Inputs;

    public override string Operation => $"({_tensor.Operation}) / scale";

    public override IEnumerable<PlannedSource> Sources => _tensor.Sources;

    public override long StatisticsElements => matrix.StatisticsElements;

    public override long ReadMargin => _tensor.ReadMargin;

    public override int RankBuffers => _tensor.RankBuffers;

    public override string? Remark => _tensor.Remark;

    public override bool IsLost => _tensor.IsLost;

    public override IReadOnlyList<StatisticsPass> StartPasses(int tileElements) => matrix.StartPasses(tileElements, maxima);

    public override void Solve()
    {
        // The tensor is solved before it is measured.
    }

    public override NonFinite Produce(long first, TypedBytes output, ITileContext workspace)
    {
        BlockMaxima known = maxima.Known!;
        return matrix.Make(first, output.Count, workspace, (at, strip) =>
        {
            known.Divide(at, MeasuredMatrix.Of(strip));
            workspace.Worker.Combine(
                LinearCombination.BaseAlone, [strip], output.Slice((int)(at - first), strip.Count));
        });
    }

    public override void WillNeed(long first, long count) => _tensor.WillNeed(first, count);
}
