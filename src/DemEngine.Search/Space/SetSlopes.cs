using System.Collections.Immutable;

namespace DemEngine.Search.Space;

/// <summary>Derivatives of the metric on one validation set by the coefficients.</summary>
/// <param name="Set">Name of the set.</param>
/// <param name="BySource">Derivatives for each source, one for each layer group.</param>
public sealed record SetSlopes(string Set, ImmutableArray<ImmutableArray<double>> BySource);
