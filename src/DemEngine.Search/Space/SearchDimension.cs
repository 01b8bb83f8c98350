namespace DemEngine.Search.Space;

/// <summary>One coefficient that a search chooses.</summary>
/// <param name="Name">
/// Name in tables, files and plots: the source's name, such as <c>math</c>, followed by the layer group's where there are
/// several.
/// </param>
/// <param name="Range">Range of values that the coefficient may take.</param>
public sealed record SearchDimension(string Name, CoefficientRange Range);
