using System.Collections.Immutable;
using DemEngine.Numerics.Deltas;
using DemEngine.Recipes.Values;

namespace DemEngine.Methods.Definition;

/// <summary>Totals of a stream of keys, known before a threshold is chosen.</summary>
/// <param name="Elements">Number of keys in the stream.</param>
/// <param name="NonZero">Number of keys that are not 0, if the threshold depends on it.</param>
internal readonly record struct KeyTotals(long Elements, long NonZero);

/// <summary>Request for a threshold.</summary>
/// <param name="Stream">Index of the stream of keys.</param>
/// <param name="Largest">Function from the totals of the stream to the number of elements above the threshold.</param>
/// <param name="DividesTies">
/// Whether exactly that number of elements must be above. If not, all that are equal to the last of them count as above.
/// </param>
/// <param name="NeedsNonZero">Whether the number depends on how many keys are not 0.</param>
internal sealed record ThresholdRequest(
    int Stream,
    ThresholdCount Largest,
    bool DividesTies = true,
    bool NeedsNonZero = false)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Largest}";
}

/// <summary>Thresholds that have given numbers of elements above them.</summary>
/// <param name="keys">Keys of the elements; called once the statistics before this one have been computed.</param>
/// <param name="requests">Requests for thresholds, in the order of their streams.</param>
/// <param name="scope">Set of elements over which the thresholds are taken.</param>
internal sealed class ThresholdStatistic(
    Func<DeltaKeys> keys, ImmutableArray<ThresholdRequest> requests, MergeScope scope)
    : Statistic(scope, ValueList.Create<ThresholdRequest>(requests.AsSpan()))
{
    private ImmutableArray<Threshold> _results;

    /// <inheritdoc/>
    public override string Subject => "thresholds";

    /// <summary>Requests for thresholds.</summary>
    public ImmutableArray<ThresholdRequest> Requests { get; } = requests;

    /// <summary>Keys of the elements.</summary>
    public DeltaKeys Keys => keys();

    /// <summary>Thresholds, in the order of the requests.</summary>
    /// <exception cref="InvalidOperationException">The statistic has not been computed yet.</exception>
    public ImmutableArray<Threshold> Results => _results.IsDefault ? throw NotMeasured() : _results;

    /// <summary>Stores the result of the statistics pass.</summary>
    internal void Complete(ImmutableArray<Threshold> results) => _results = results;

    internal override void TakeFrom(Statistic other) => Complete(((ThresholdStatistic)other).Results);
}
