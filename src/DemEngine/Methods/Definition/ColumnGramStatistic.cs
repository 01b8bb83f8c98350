using System.Collections.Immutable;
using DemEngine.Numerics;

namespace DemEngine.Methods.Definition;

/// <summary>
/// Gram matrix of each column of the sources, or, where the base is subtracted, of their differences from it. A column extends
/// along the first dimension.
/// </summary>
public sealed class ColumnGramStatistic() : Statistic(MergeScope.Tensor, request: "")
{
    private ImmutableArray<GramMatrix> _result;

    /// <inheritdoc/>
    public override string Subject => "dot products of columns";

    /// <summary>Result of the statistics pass, one matrix for each element of a row.</summary>
    /// <exception cref="InvalidOperationException">The statistic has not been computed yet.</exception>
    public ImmutableArray<GramMatrix> Result => _result.IsDefault ? throw NotMeasured() : _result;

    /// <summary>Stores the result of the statistics pass.</summary>
    internal void Complete(ImmutableArray<GramMatrix> result) => _result = result;

    internal override void TakeFrom(Statistic other) => Complete(((ColumnGramStatistic)other).Result);
}
