namespace DemEngine.Merging.Inputs;

/// <summary>The tensor that a symbol in a planned tensor's formula stands for.</summary>
/// <param name="Symbol">Symbol in the formula: b, or x1, x2 … for the sources in the recipe's order.</param>
/// <param name="Model">Model as the recipe writes it: a path, or an upstream recipe's name.</param>
/// <param name="Tensor">Name of the tensor in that model.</param>
public sealed record PlannedSource(string Symbol, string Model, string Tensor);
