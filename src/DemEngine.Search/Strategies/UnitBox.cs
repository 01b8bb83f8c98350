using DemEngine.Search.Space;

namespace DemEngine.Search.Strategies;

/// <summary>Coordinates of a search space in which every range is 0 to 1.</summary>
internal sealed class UnitBox(SearchSpace space)
{
    /// <summary>Number of dimensions.</summary>
    public int Length => space.Dimensions.Length;

    /// <summary>Lengths of the ranges, which slopes are multiplied by.</summary>
    public double[] Widths { get; } = [.. space.Dimensions.Select(dimension => dimension.Range.High - dimension.Range.Low)];

    /// <summary>Half a step of each grid.</summary>
    public double[] HalfSteps { get; } =
    [
        .. space.Dimensions.Select(dimension => dimension.Range.High > dimension.Range.Low
            ? Math.Min(0.5, 0.5 * dimension.Range.Step / (dimension.Range.High - dimension.Range.Low))
            : 0.5),
    ];

    public double[] Of(SearchPoint point) =>
        [.. space.Dimensions.Select((dimension, d) => Widths[d] > 0 ? (point[d] - dimension.Range.Low) / Widths[d] : 0)];

    public SearchPoint Point(IReadOnlyList<double> unit) => new(space.Dimensions.Select((dimension, d) =>
        Math.Clamp(dimension.Range.Low + (unit[d] * Widths[d]), dimension.Range.Low, dimension.Range.High)));
}
