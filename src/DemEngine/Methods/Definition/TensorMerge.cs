using System.Collections.Immutable;
using DemEngine.Numerics;

namespace DemEngine.Methods.Definition;

/// <summary>
/// Definition of one tensor's merge: statistics, computed in order, and the combination that follows from them.
/// </summary>
public sealed class TensorMerge
{
    private readonly Func<Combination> _solve;

    /// <summary>Creates a merge from its statistics and the function that solves for the combination.</summary>
    /// <param name="measurements">
    /// Statistics in the order of computation; one may depend on the results of those before it.
    /// </param>
    /// <param name="solve">Function that returns the combination; called once all statistics have been computed.</param>
    public TensorMerge(ImmutableArray<Statistic> measurements, Func<Combination> solve)
    {
        Measurements = measurements;
        _solve = solve;
    }

    /// <summary>Statistics, in the order of computation.</summary>
    public ImmutableArray<Statistic> Measurements { get; }

    /// <summary>Number of sources that need the ranks of their elements within the rows.</summary>
    public int RankedSources { get; init; }

    /// <summary>Whether rows are processed whole, so that the rows at the ends of a tile are read beyond it.</summary>
    public bool IsByRow { get; init; }

    /// <summary>Whether columns are measured, for which a few whole rows are needed at a time.</summary>
    public bool IsByColumn { get; init; }

    /// <summary>Returns the combination. May be called only once all statistics have been computed.</summary>
    public Combination Solve() => _solve();

    /// <summary>Creates a merge that needs no statistics.</summary>
    public static TensorMerge Of(Combination combination) => new([], () => combination);

    /// <summary>Creates a merge whose coefficients follow from the Gram matrix of the whole tensor or of each row.</summary>
    /// <param name="question">Context of the tensor.</param>
    /// <param name="byRow">Whether each row has coefficients of its own.</param>
    /// <param name="solve">Pure function that maps the Gram matrix to the sum.</param>
    public static TensorMerge FromGram(TensorContext question, bool byRow, Func<GramMatrix, LinearCombination> solve)
    {
        if (byRow && question.RowElements < question.Elements)
        {
            question.RequireRowsOfAtMost(RowwiseCombination.MaxRowElements);
            return new TensorMerge([], () => new RowwiseCombination(solve)) { IsByRow = true };
        }

        var gram = new GramStatistic();
        return new TensorMerge([gram], () => solve(gram.Result));
    }

    /// <summary>
    /// Creates a merge in which each column has coefficients of its own, which follow from its Gram matrix. The base is not among
    /// the vectors. A tensor of one dimension is a single column.
    /// </summary>
    /// <param name="question">Context of the tensor.</param>
    /// <param name="solve">Pure function that maps a column's Gram matrix to its sum.</param>
    public static TensorMerge FromColumnGram(TensorContext question, Func<GramMatrix, LinearCombination> solve)
    {
        if (question.Columns <= 1)
            return FromGram(question, byRow: false, solve);

        question.RequireColumnsOfAtMost(RowwiseCombination.MaxRowElements);
        var gram = new ColumnGramStatistic();
        return new TensorMerge([gram], () => new ColumnwiseCombination([.. gram.Result.Select(solve)])) { IsByColumn = true };
    }
}
