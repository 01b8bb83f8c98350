using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Methods.Definition;

/// <summary>For each row the divergence of a tuned model's softmax from the base's; see <see cref="SoftmaxDivergence"/>.</summary>
/// <param name="kind">Whether the one source is the tuned model or its difference from the base.</param>
/// <param name="rowElements">Elements in a row.</param>
internal sealed class DivergenceStatistic(TermKind kind, long rowElements) : Statistic(MergeScope.Tensor, terms: "")
{
    private RowFactors? _result;

    /// <inheritdoc/>
    public override string Subject => "divergences";

    /// <summary>What the source is.</summary>
    public TermKind Kind { get; } = kind;

    /// <summary>Elements in a row.</summary>
    public long RowElements { get; } = rowElements;

    /// <summary>What was measured.</summary>
    /// <exception cref="InvalidOperationException">It has not been measured yet.</exception>
    public RowFactors Result => _result ?? throw NotMeasured();

    /// <summary>Takes what was measured.</summary>
    internal void Complete(RowFactors result) => _result = result;

    internal override void TakeFrom(Statistic other) => Complete(((DivergenceStatistic)other).Result);
}
