using System.Collections.Immutable;

namespace DemEngine.Numerics;

/// <summary>
/// A <see cref="LinearCombination"/> for each column of a tensor. A column extends along the first dimension: its elements have
/// all other indices in common.
/// </summary>
/// <param name="columns">
/// The columns' sums, in the order of the elements of a row. They differ in their weights only.
/// </param>
public sealed class ColumnwiseCombination(ImmutableArray<LinearCombination> columns) : Combination
{
    /// <summary>The columns' sums, in the order of the elements of a row.</summary>
    public ImmutableArray<LinearCombination> Columns { get; } = columns;
}
