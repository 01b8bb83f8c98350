using DemEngine.Checkpoints;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Statistics;
using DemEngine.Merging.Tensors;

namespace DemEngine.Merging.Quantizing;

/// <summary>A tensor that a quantised matrix is stored in. Its parts read and measure the same inputs.</summary>
/// <param name="spec">The tensor.</param>
/// <param name="matrix">The matrix without quantisation.</param>
/// <param name="maxima">Largest absolute values of its blocks.</param>
internal abstract class QuantizedPart(TensorSpec spec, MeasuredMatrix matrix, SharedMaxima maxima) : OutputTensor(spec)
{
    /// <summary>The matrix without quantisation.</summary>
    protected MeasuredMatrix Matrix => matrix;

    /// <summary>Largest absolute values of its blocks, once they are measured.</summary>
    protected BlockMaxima Maxima => maxima.Known!;

    public override IReadOnlyList<TensorReader> Inputs => matrix.Tensor.Inputs;

    public override IEnumerable<PlannedSource> Sources => matrix.Tensor.Sources;

    public override long StatisticsElements => matrix.StatisticsElements;

    public override long ReadMargin => matrix.Tensor.ReadMargin;

    public override int RankBuffers => matrix.Tensor.RankBuffers;

    public override IReadOnlyList<StatisticsPass> StartPasses(int tileElements) => matrix.StartPasses(tileElements, maxima);

    public override void Solve()
    {
        // The matrix is solved before it is measured.
    }

    public override void WillNeed(long first, long count) => matrix.Tensor.WillNeed(first, count);
}
