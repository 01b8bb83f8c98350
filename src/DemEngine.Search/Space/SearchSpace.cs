using System.Collections.Immutable;

namespace DemEngine.Search.Space;

/// <summary>The coefficients that a search chooses, and its starting point.</summary>
public sealed class SearchSpace
{
    /// <summary>Makes a search space.</summary>
    /// <param name="dimensions">Dimensions of the space, at least one.</param>
    /// <param name="start">
    /// Starting point of strategies that walk; null for the middle. Coordinates outside the ranges are moved to the nearest
    /// bound.
    /// </param>
    public SearchSpace(ImmutableArray<SearchDimension> dimensions, SearchPoint? start = null)
    {
        ArgumentOutOfRangeException.ThrowIfZero(dimensions.Length, nameof(dimensions));
        Dimensions = dimensions;
        Start = start is null
            ? new SearchPoint(dimensions.Select(dimension => (dimension.Range.Low + dimension.Range.High) / 2))
            : new SearchPoint(dimensions.Select((dimension, d) =>
                Math.Clamp(start[d], dimension.Range.Low, dimension.Range.High)));
    }

    /// <summary>Dimensions of the space, one for each coefficient.</summary>
    public ImmutableArray<SearchDimension> Dimensions { get; }

    /// <summary>Starting point of strategies that walk.</summary>
    public SearchPoint Start { get; }

    /// <summary>Number of points in the grid; <see cref="long.MaxValue"/> where it is larger still.</summary>
    public long GridCount => Dimensions.Aggregate(1L, (count, dimension) =>
        count > long.MaxValue / dimension.Range.GridCount ? long.MaxValue : count * dimension.Range.GridCount);

    /// <summary>Whether every coordinate lies in its range.</summary>
    public bool Contains(SearchPoint point) =>
        point.Length == Dimensions.Length
        && Dimensions.Select((dimension, d) => dimension.Range.Contains(point[d])).All(inside => inside);
}
