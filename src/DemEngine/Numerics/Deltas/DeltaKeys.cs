using System.Collections.Immutable;

namespace DemEngine.Numerics.Deltas;

/// <summary>Definition of the keys to count: one or more streams of them, each with one key for every element.</summary>
internal abstract record DeltaKeys
{
    private protected DeltaKeys()
    {
    }

    /// <summary>Kinds of the sources that are read, in order.</summary>
    public abstract ImmutableArray<TermKind> Sources { get; }

    /// <summary>Number of streams.</summary>
    public abstract int Streams { get; }
}

/// <summary>The keys of |δ|, one stream for each source.</summary>
/// <param name="Kinds">Kinds of the sources, in order.</param>
internal sealed record MagnitudeKeys(ImmutableArray<TermKind> Kinds) : DeltaKeys
{
    /// <inheritdoc/>
    public override ImmutableArray<TermKind> Sources => Kinds;

    /// <inheritdoc/>
    public override int Streams => Kinds.Length;
}

/// <summary>The keys of the variance of the sources' differences, one stream; see <see cref="SparseDeltas.Variance"/>.</summary>
/// <param name="Kinds">Kinds of the sources, in order.</param>
internal sealed record VarianceKeys(ImmutableArray<TermKind> Kinds) : DeltaKeys
{
    /// <inheritdoc/>
    public override ImmutableArray<TermKind> Sources => Kinds;

    /// <inheritdoc/>
    public override int Streams => 1;
}

/// <summary>The keys of binary32(|δ|·f) of one source, where f is the factor of the element's row.</summary>
/// <param name="Kind">Kind of the source.</param>
/// <param name="Factors">Factors of the rows.</param>
internal sealed record ImportanceKeys(TermKind Kind, RowFactors Factors) : DeltaKeys
{
    /// <inheritdoc/>
    public override ImmutableArray<TermKind> Sources => [Kind];

    /// <inheritdoc/>
    public override int Streams => 1;
}

/// <summary>
/// Range of keys of a stream to count, and how finely: key k counts in bin ⌊(k − First) / 2^Shift⌋, if there is such a bin.
/// </summary>
/// <param name="Stream">Index of the stream.</param>
/// <param name="First">The smallest key that is counted.</param>
/// <param name="Shift">Base-2 logarithm of the number of keys that share a bin.</param>
/// <param name="Bins">Number of bins.</param>
/// <param name="CountsFirsts">
/// Whether as many further counts follow, of the keys that are the smallest of their bin. Where the two counts of a bin are
/// equal, its keys are all equal.
/// </param>
internal readonly record struct KeyWindow(int Stream, uint First, int Shift, int Bins, bool CountsFirsts = false)
{
    /// <summary>Number of counts.</summary>
    public int Counts => CountsFirsts ? 2 * Bins : Bins;
}

/// <summary>Statistic that is summed over sparse differences.</summary>
public enum DeltaSum
{
    /// <summary>Σ|δ| and Σ|D| of each source.</summary>
    Norms,

    /// <summary>Σ D² of each source.</summary>
    Squares,

    /// <summary>
    /// Two counts for each source: its D that are not 0 where all others' are, and its D that are not 0 where another's is not 0
    /// either.
    /// </summary>
    Overlap,
}

/// <summary>Properties of each <see cref="DeltaSum"/>.</summary>
internal static class DeltaSums
{
    extension(DeltaSum sum)
    {
        /// <summary>Number of results for each source.</summary>
        public int PerSource => sum == DeltaSum.Squares ? 1 : 2;
    }
}
