namespace DemEngine.Merging.Inputs;

/// <summary>What stands behind a letter of a planned tensor's formula.</summary>
/// <param name="Symbol">b, or x1, x2 … for the sources in the recipe's order.</param>
/// <param name="Model">As the recipe writes it: a path, or an earlier recipe's name.</param>
/// <param name="Tensor">The tensor's name in that model.</param>
public sealed record PlannedSource(string Symbol, string Model, string Tensor);
