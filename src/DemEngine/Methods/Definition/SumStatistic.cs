using System.Collections.Immutable;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Methods.Definition;

/// <summary>Sums over the sparse differences of the sources.</summary>
/// <param name="sum">Quantity that is summed.</param>
/// <param name="deltas">Sources and their masks; called once the statistics before this one have been computed.</param>
/// <param name="scope">Set of elements over which the sums are taken.</param>
/// <param name="request">All that the sums depend on, as a value; see <see cref="Statistic.Request"/>.</param>
internal sealed class SumStatistic(DeltaSum sum, Func<SparseDeltas> deltas, MergeScope scope, object request)
    : Statistic(scope, (sum, request))
{
    private ImmutableArray<double> _results;

    internal override string RequestText => $"{request}".Trim('[', ']');

    /// <inheritdoc/>
    public override string Subject => Sum switch
    {
        DeltaSum.Norms => "norms",
        DeltaSum.Squares => "squares",
        _ => "overlaps",
    };

    /// <summary>Quantity that is summed.</summary>
    public DeltaSum Sum { get; } = sum;

    /// <summary>Sources and their masks.</summary>
    public SparseDeltas Deltas => deltas();

    /// <summary>Sums for each source, source after source: the numbers that <see cref="DeltaSum"/> describes.</summary>
    /// <exception cref="InvalidOperationException">The statistic has not been computed yet.</exception>
    public ImmutableArray<double> Results => _results.IsDefault ? throw NotMeasured() : _results;

    /// <summary>Stores the result of the statistics pass.</summary>
    internal void Complete(ImmutableArray<double> results) => _results = results;

    internal override void TakeFrom(Statistic other) => Complete(((SumStatistic)other).Results);
}
