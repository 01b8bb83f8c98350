using System.Collections.Immutable;

namespace DemEngine.Numerics.Deltas;

/// <summary>Which keys are counted: one or more streams of them, each with a key for every element.</summary>
internal abstract record DeltaKeys
{
    private protected DeltaKeys()
    {
    }

    /// <summary>The kind of each source that is read.</summary>
    public abstract ImmutableArray<TermKind> Sources { get; }

    /// <summary>Number of streams.</summary>
    public abstract int Streams { get; }
}

/// <summary>The keys of |δ|, a stream for each source.</summary>
/// <param name="Kinds">Of the sources.</param>
internal sealed record MagnitudeKeys(ImmutableArray<TermKind> Kinds) : DeltaKeys
{
    /// <inheritdoc/>
    public override ImmutableArray<TermKind> Sources => Kinds;

    /// <inheritdoc/>
    public override int Streams => Kinds.Length;
}

/// <summary>The keys of how far the sources' differences are apart, one stream; see <see cref="SparseDeltas.Variance"/>.</summary>
/// <param name="Kinds">Of the sources.</param>
internal sealed record VarianceKeys(ImmutableArray<TermKind> Kinds) : DeltaKeys
{
    /// <inheritdoc/>
    public override ImmutableArray<TermKind> Sources => Kinds;

    /// <inheritdoc/>
    public override int Streams => 1;
}

/// <summary>The keys of binary32(|δ|·f) of one source, f being a factor of the element's row.</summary>
/// <param name="Kind">Of the source.</param>
/// <param name="Factors">Of the rows.</param>
internal sealed record ImportanceKeys(TermKind Kind, RowFactors Factors) : DeltaKeys
{
    /// <inheritdoc/>
    public override ImmutableArray<TermKind> Sources => [Kind];

    /// <inheritdoc/>
    public override int Streams => 1;
}

/// <summary>Which keys of a stream are counted, and how finely: key k in bin ⌊(k − First) / 2^Shift⌋, if there is such a bin.</summary>
/// <param name="Stream">Of which stream.</param>
/// <param name="First">The smallest key that is counted.</param>
/// <param name="Shift">2 to this power are the keys that share a bin.</param>
/// <param name="Bins">Number of bins.</param>
/// <param name="CountsFirsts">Whether as many counts follow of those keys that are the smallest of their bin: where the two are equal, the bin shows one key.</param>
internal readonly record struct KeyWindow(int Stream, uint First, int Shift, int Bins, bool CountsFirsts = false)
{
    /// <summary>Number of counts.</summary>
    public int Counts => CountsFirsts ? 2 * Bins : Bins;
}

/// <summary>What is summed over filtered differences.</summary>
public enum DeltaSum
{
    /// <summary>For each source Σ|δ| and Σ|D|.</summary>
    Norms,

    /// <summary>For each source Σ D².</summary>
    Squares,

    /// <summary>For each source the number of its D that are not 0 where all others' are, and where another's is not 0 either.</summary>
    Overlap,
}

/// <summary>What is known of <see cref="DeltaSum"/>.</summary>
internal static class DeltaSums
{
    extension(DeltaSum sum)
    {
        /// <summary>Numbers for each source.</summary>
        public int PerSource => sum == DeltaSum.Squares ? 1 : 2;
    }
}
