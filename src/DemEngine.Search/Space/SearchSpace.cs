using System.Collections.Immutable;

namespace DemEngine.Search.Space;

/// <summary>The coefficients that a search chooses, and where it begins.</summary>
public sealed class SearchSpace
{
    /// <summary>Makes a space.</summary>
    /// <param name="dimensions">At least one.</param>
    /// <param name="start">Where strategies that walk begin; null for the middle. What lies outside is moved to the nearest border.</param>
    public SearchSpace(ImmutableArray<SearchDimension> dimensions, SearchPoint? start = null)
    {
        ArgumentOutOfRangeException.ThrowIfZero(dimensions.Length, nameof(dimensions));
        Dimensions = dimensions;
        Start = start is null
            ? new SearchPoint(dimensions.Select(dimension => (dimension.Range.Low + dimension.Range.High) / 2))
            : new SearchPoint(dimensions.Select((dimension, d) => Math.Clamp(start[d], dimension.Range.Low, dimension.Range.High)));
    }

    /// <summary>The coefficients.</summary>
    public ImmutableArray<SearchDimension> Dimensions { get; }

    /// <summary>Where strategies that walk begin.</summary>
    public SearchPoint Start { get; }

    /// <summary>Number of points of the grid; <see cref="long.MaxValue"/> where it is larger still.</summary>
    public long GridCount => Dimensions.Aggregate(1L, (count, dimension) =>
        count > long.MaxValue / dimension.Range.GridCount ? long.MaxValue : count * dimension.Range.GridCount);

    /// <summary>Whether every coordinate lies in its range.</summary>
    public bool Contains(SearchPoint point) =>
        point.Length == Dimensions.Length && Dimensions.Select((dimension, d) => dimension.Range.Contains(point[d])).All(inside => inside);
}
