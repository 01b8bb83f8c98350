namespace DemEngine.Search.Space;

/// <summary>Which coefficients are searched.</summary>
public sealed record CoefficientOptions
{
    /// <summary>Whether all sources have the same coefficient, rather than each its own.</summary>
    public bool Shared { get; init; }

    /// <summary>How many groups of layers have coefficients of their own; 1 for none.</summary>
    public int LayerGroups { get; init; } = 1;

    /// <summary>The method's parameter that is searched; null for <c>weight</c>, or for the first number of a method without.</summary>
    public string? Parameter { get; init; }

    /// <summary>Values of every coefficient that <see cref="RangeOf"/> does not name.</summary>
    public CoefficientRange Range { get; init; } = CoefficientRange.Default;

    /// <summary>Values of the coefficients of single sources, by name.</summary>
    public IReadOnlyDictionary<string, CoefficientRange> RangeOf { get; init; } = new Dictionary<string, CoefficientRange>();
}
