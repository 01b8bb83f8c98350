namespace DemEngine.Search.Space;

/// <summary>Selection of the coefficients that are searched.</summary>
public sealed record CoefficientOptions
{
    /// <summary>Whether all sources share one coefficient, rather than having one each.</summary>
    public bool Shared { get; init; }

    /// <summary>Number of groups of layers that have coefficients of their own; 1 for no grouping.</summary>
    public int LayerGroups { get; init; } = 1;

    /// <summary>
    /// Name of the method's parameter that is searched; null for <c>weight</c>, or for the first number of a method that has no
    /// <c>weight</c>.
    /// </summary>
    public string? Parameter { get; init; }

    /// <summary>Range of every coefficient that <see cref="RangeOf"/> does not name.</summary>
    public CoefficientRange Range { get; init; } = CoefficientRange.Default;

    /// <summary>Ranges of the coefficients of single sources, by the source's name.</summary>
    public IReadOnlyDictionary<string, CoefficientRange> RangeOf { get; init; } = new Dictionary<string, CoefficientRange>();
}
