using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Methods.Definition;
using DemEngine.Numerics;

namespace DemEngine.Merging.Statistics;

/// <summary>Computes the Gram matrix over the elements that all sources have.</summary>
internal sealed class GramPass(GramStatistic measurement, TensorSources sources, int tileElements)
    : StatisticsPass([(0, sources.CommonElements)], tileElements)
{
    private readonly OrderedFold _fold = new(GramMatrix.PairCount(sources.VectorCount));

    public override void Measure(int tile, long first, int count, ITileContext workspace)
    {
        var inputs = new List<TypedBytes>();
        if (sources.IsRelative)
            inputs.Add(workspace.Read(sources.Base, first, count));
        foreach (SourceTensor source in sources.All)
            inputs.Add(workspace.Read(source.Tensor!, first, count));
        double[] sums = new double[GramOrder.LeafCount(count) * GramMatrix.PairCount(sources.VectorCount)];
        sources.Gram(inputs.ToArray(), sums, workspace);
        _fold.Add(tile, sums);
    }

    public override void Finish(ITileContext workspace) => measurement.Complete(GramMatrix.Of(sources.VectorCount, _fold.Sum));
}
