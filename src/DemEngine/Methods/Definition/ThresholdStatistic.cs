using System.Collections.Immutable;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Methods.Definition;

/// <summary>What is known of a stream of keys before a cut is chosen.</summary>
/// <param name="Elements">How many there are.</param>
/// <param name="NonZero">How many of them are not 0, if the cut depends on it.</param>
internal readonly record struct KeyTotals(long Elements, long NonZero);

/// <summary>A cut that is wanted.</summary>
/// <param name="Stream">Through which stream of keys.</param>
/// <param name="Largest">How many elements are to be above it.</param>
/// <param name="DividesTies">
/// Whether it must be exactly so many. If not, all that are equal to the last of them count as above.
/// </param>
/// <param name="NeedsNonZero">Whether the number depends on how many keys are not 0.</param>
internal sealed record ThresholdRequest(int Stream, Func<KeyTotals, long> Largest, bool DividesTies = true, bool NeedsNonZero = false);

/// <summary>Cuts that have given numbers of elements above them.</summary>
/// <param name="keys">By which keys; asked for once what is measured before is there.</param>
/// <param name="requests">The cuts, by stream.</param>
/// <param name="scope">Over which elements together.</param>
/// <param name="terms">What is asked, in words; see <see cref="Statistic.Terms"/>.</param>
internal sealed class ThresholdStatistic(
    Func<DeltaKeys> keys, ImmutableArray<ThresholdRequest> requests, MergeScope scope, string terms)
    : Statistic(scope, terms)
{
    private ImmutableArray<Threshold> _results;

    /// <inheritdoc/>
    public override string Subject => "thresholds";

    /// <summary>The cuts that are wanted.</summary>
    public ImmutableArray<ThresholdRequest> Requests { get; } = requests;

    /// <summary>By which keys.</summary>
    public DeltaKeys Keys => keys();

    /// <summary>The cuts, in the order of the requests.</summary>
    /// <exception cref="InvalidOperationException">They have not been measured yet.</exception>
    public ImmutableArray<Threshold> Results => _results.IsDefault ? throw NotMeasured() : _results;

    /// <summary>Takes what was measured.</summary>
    internal void Complete(ImmutableArray<Threshold> results) => _results = results;

    internal override void TakeFrom(Statistic other) => Complete(((ThresholdStatistic)other).Results);
}
