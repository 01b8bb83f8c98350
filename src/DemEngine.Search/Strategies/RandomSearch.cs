using DemEngine.Search.Space;

namespace DemEngine.Search.Strategies;

/// <summary>
/// Tries points that are drawn uniformly and independently from the ranges, without end. Unlike a grid it tries a new value of
/// every coefficient in every trial (Bergstra and Bengio, "Random search for hyper-parameter optimization", JMLR 13, 2012). The
/// steps of the ranges are not used.
/// </summary>
public sealed class RandomSearch(SearchSpace space, ulong seed) : SequentialStrategy
{
    /// <inheritdoc/>
    public override string Name => "random";

    /// <inheritdoc/>
    protected override IEnumerable<IEnumerable<SearchPoint>> Rounds() => [Points()];

    private IEnumerable<SearchPoint> Points()
    {
        var random = new RandomDraws(seed);
        while (true)
            yield return new SearchPoint(
            [
                .. space.Dimensions.Select(dimension =>
                    dimension.Range.Low + (random.Uniform() * (dimension.Range.High - dimension.Range.Low))),
            ]);
    }
}
