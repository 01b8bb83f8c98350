namespace DemEngine.Search.Space;

/// <summary>One coefficient that a search chooses.</summary>
/// <param name="Name">In tables, files and pictures: the source's, such as <c>math</c>, and the layer group's where there are several.</param>
/// <param name="Range">The values that it may take.</param>
public sealed record SearchDimension(string Name, CoefficientRange Range);
