using System.Collections.Immutable;
using DemEngine.Numerics;

namespace DemEngine.Methods.Definition;

/// <summary>What one tensor's merge takes: measurements, one after the other, and then the combination that follows from them.</summary>
public sealed class TensorMerge
{
    private readonly Func<Combination> _solve;

    /// <summary>Makes a program.</summary>
    /// <param name="measurements">What is measured, in this order; a later one may depend on the results of those before it.</param>
    /// <param name="solve">Called once all are there.</param>
    public TensorMerge(ImmutableArray<Statistic> measurements, Func<Combination> solve)
    {
        Measurements = measurements;
        _solve = solve;
    }

    /// <summary>What is measured, in order.</summary>
    public ImmutableArray<Statistic> Measurements { get; }

    /// <summary>Number of sources of which the elements' ranks in their rows are needed.</summary>
    public int RankedSources { get; init; }

    /// <summary>Whether rows are looked at whole, so that those of a tile's ends are read beyond it.</summary>
    public bool IsByRow { get; init; }

    /// <summary>The combination. Only once everything is measured.</summary>
    public Combination Solve() => _solve();

    /// <summary>Nothing is measured: the recipe says all.</summary>
    public static TensorMerge Of(Combination combination) => new([], () => combination);

    /// <summary>The coefficients follow from the Gram matrix, of the whole tensor or of each row.</summary>
    /// <param name="question">The tensor.</param>
    /// <param name="byRow">Whether each row has coefficients of its own.</param>
    /// <param name="solve">From the matrix to the sum; pure.</param>
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
}
