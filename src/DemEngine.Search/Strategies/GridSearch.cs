using DemEngine.Search.Space;

namespace DemEngine.Search.Strategies;

/// <summary>Tries every point of the grid, with the last coefficient changing fastest: the search of the DEM paper.</summary>
public sealed class GridSearch(SearchSpace space) : SequentialStrategy
{
    /// <inheritdoc/>
    public override string Name => "grid";

    /// <inheritdoc/>
    protected override IEnumerable<IEnumerable<SearchPoint>> Rounds() => [Points()];

    private IEnumerable<SearchPoint> Points()
    {
        var index = new long[space.Dimensions.Length];
        int d;
        do
        {
            yield return new SearchPoint(space.Dimensions.Select((dimension, k) => dimension.Range.At(index[k])));
            for (d = index.Length - 1; d >= 0 && ++index[d] == space.Dimensions[d].Range.GridCount; d--)
                index[d] = 0;
        }
        while (d >= 0);
    }
}
