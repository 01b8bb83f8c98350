using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Methods.Definition;

/// <summary>Divergence of a tuned model's softmax from the base's for each row; see <see cref="SoftmaxDivergence"/>.</summary>
/// <param name="kind">Kind of the single source: the tuned model, or its difference from the base.</param>
/// <param name="rowElements">Number of elements in a row.</param>
internal sealed class DivergenceStatistic(TermKind kind, long rowElements) : Statistic(MergeScope.Tensor, request: "")
{
    private RowFactors? _result;

    /// <inheritdoc/>
    public override string Subject => "divergences";

    /// <summary>Kind of the single source.</summary>
    public TermKind Kind { get; } = kind;

    /// <summary>Number of elements in a row.</summary>
    public long RowElements { get; } = rowElements;

    /// <summary>Result of the statistics pass.</summary>
    /// <exception cref="InvalidOperationException">The statistic has not been computed yet.</exception>
    public RowFactors Result => _result ?? throw NotMeasured();

    /// <summary>Stores the result of the statistics pass.</summary>
    internal void Complete(RowFactors result) => _result = result;

    internal override void TakeFrom(Statistic other) => Complete(((DivergenceStatistic)other).Result);
}
