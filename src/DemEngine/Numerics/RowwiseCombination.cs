namespace DemEngine.Numerics;

/// <summary>
/// A <see cref="LinearCombination"/> for each row by itself, with coefficients from the Gram matrix of that row's vectors. A row
/// extends along the last dimension, and its leaves (see <see cref="GramOrder"/>) start where the row starts.
/// </summary>
/// <param name="solve">
/// Function from the products of a row's vectors to its sum. The vectors are the inputs or, depending on the method, their
/// differences from the base followed by the base. The function must be pure: rows are evaluated in any order, and some more than
/// once.
/// </param>
public sealed class RowwiseCombination(Func<GramMatrix, LinearCombination> solve) : Combination
{
    /// <summary>Maximum number of elements in a row, all of which are in memory at once.</summary>
    public const int MaxRowElements = 1 << 22;

    /// <summary>Computes the combination of a row from the Gram matrix of its vectors.</summary>
    public LinearCombination Solve(GramMatrix row) => solve(row);
}
