namespace DemEngine.Numerics;

/// <summary>
/// A <see cref="LinearCombination"/> for each row by itself, its coefficients from the Gram matrix of that row's vectors. A row is what lies
/// along the last dimension; its leaves (see <see cref="GramOrder"/>) start where it starts.
/// </summary>
/// <param name="solve">
/// From the products of a row's vectors to its sum: of the inputs, or of their differences from the base and then the base, as the method
/// says. It must be pure: rows are asked in any order, and some more than once.
/// </param>
public sealed class RowwiseCombination(Func<GramMatrix, LinearCombination> solve) : Combination
{
    /// <summary>The most elements that a row may have: so many are held in memory at once.</summary>
    public const int MaxRowElements = 1 << 22;

    /// <summary>The sum of a row.</summary>
    public LinearCombination Solve(GramMatrix row) => solve(row);
}
