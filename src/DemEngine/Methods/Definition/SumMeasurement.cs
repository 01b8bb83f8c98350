using System.Collections.Immutable;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Methods.Definition;

/// <summary>Sums over filtered differences.</summary>
/// <param name="sum">What is summed.</param>
/// <param name="deltas">The sources and their filters; asked for once what is measured before is there.</param>
/// <param name="scope">Over which elements together.</param>
/// <param name="terms">What is asked, in words; see <see cref="Measurement.Terms"/>.</param>
public sealed class SumMeasurement(DeltaSum sum, Func<KeptDeltas> deltas, MergeScope scope, string terms)
    : Measurement(scope, terms)
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
    public KeptDeltas Deltas => deltas();

    /// <summary>For each source the numbers that <see cref="DeltaSum"/> names.</summary>
    /// <exception cref="InvalidOperationException">They have not been measured yet.</exception>
    public ImmutableArray<double> Results => _results.IsDefault ? throw NotMeasured() : _results;

    /// <summary>Takes what was measured.</summary>
    internal void Complete(ImmutableArray<double> results) => _results = results;

    internal override void TakeFrom(Measurement other) => Complete(((SumMeasurement)other).Results);
}
