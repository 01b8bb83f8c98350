using System.Collections.Immutable;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Methods.Definition;

/// <summary>Sums over filtered differences.</summary>
/// <param name="sum">What is summed.</param>
/// <param name="deltas">The sources and their filters; asked for once what is measured before is there.</param>
/// <param name="scope">Over which elements together.</param>
/// <param name="terms">What is asked, in words; see <see cref="Statistic.Terms"/>.</param>
internal sealed class SumStatistic(DeltaSum sum, Func<SparseDeltas> deltas, MergeScope scope, string terms)
    : Statistic(scope, terms)
{
    private ImmutableArray<double> _results;

    /// <inheritdoc/>
    public override string Subject => Sum switch
    {
        DeltaSum.Norms => "norms",
        DeltaSum.Squares => "squares",
        _ => "overlaps",
    };

    /// <summary>What is summed.</summary>
    public DeltaSum Sum { get; } = sum;

    /// <summary>The sources and their filters.</summary>
    public SparseDeltas Deltas => deltas();

    /// <summary>For each source the numbers that <see cref="DeltaSum"/> names.</summary>
    /// <exception cref="InvalidOperationException">They have not been measured yet.</exception>
    public ImmutableArray<double> Results => _results.IsDefault ? throw NotMeasured() : _results;

    /// <summary>Takes what was measured.</summary>
    internal void Complete(ImmutableArray<double> results) => _results = results;

    internal override void TakeFrom(Statistic other) => Complete(((SumStatistic)other).Results);
}
