using DemEngine.Memory;
using DemEngine.Methods;
using DemEngine.Numerics;

namespace DemEngine.Merging;

/// <summary>The Gram matrix of the elements that all sources have.</summary>
internal sealed class GramPass(GramMeasurement measurement, TensorSources sources, int tileElements)
    : MeasuringPass(sources.CommonElements, tileElements)
{
    private readonly int _vectors = sources.All.Length + (sources.IsRelative ? 1 : 0);
    private readonly OrderedFold _fold = new(sources.All.Length + (sources.IsRelative ? 1 : 0));

    public override void Measure(int tile, TileWorkspace workspace)
    {
        var (first, count) = Tile(tile);
        double[] sums = new double[GramOrder.LeafCount(count) * GramMatrix.PairCount(_vectors)];
        if (count > 0)
        {
            var inputs = new TypedBytes[_vectors];
            int at = 0;
            if (sources.IsRelative)
                inputs[at++] = workspace.Read(sources.Base, first, count);
            foreach (SourceTensor source in sources.All)
                inputs[at++] = workspace.Read(source.Tensor!, first, count);
            workspace.Worker.Gram(sources.IsRelative, inputs, sums);
        }

        _fold.Add(tile, sums);
    }

    public override void Finish() => measurement.Complete(_fold.Sum);
}
