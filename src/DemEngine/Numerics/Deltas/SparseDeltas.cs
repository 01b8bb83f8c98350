using System.Collections.Immutable;

namespace DemEngine.Numerics.Deltas;

/// <summary>One source of differences.</summary>
/// <param name="Kind">Whether the base is subtracted, or the source is a difference already.</param>
/// <param name="Filter">What becomes of them.</param>
internal sealed record SparseDelta(TermKind Kind, DeltaMask Filter);

/// <summary>
/// The differences of several sources from a base, filtered: for each source δ = binary32(x − b), the difference being taken in binary64 (of a
/// stored vector δ = binary32(x)), and D, what its filter makes of it.
/// </summary>
/// <remarks>
/// Between values of at most binary32 this is the binary32 difference, rounded once; it is what <see cref="GramOrder"/> sums and what an
/// extracted vector holds, so that a stored vector gives the same result as its model. Products of δ and a binary32 weight are exact in
/// binary64, so that nothing hangs on whether a compiler fuses them with an addition.
/// Inputs of every operation are the base, then each source in order, then for each source whose filter
/// <see cref="DeltaMask.NeedsRanks"/> its ranks, of type U32.
/// </remarks>
/// <param name="Sources">The sources, in order.</param>
/// <param name="Variance">
/// If given, D is +0 in all sources wherever the key of Σ binary32(δᵢ − δⱼ)² over all pairs i &lt; j, in the order (0, 1), (0, 2) … (1, 2) …
/// and in binary64, is not above this cut (<see cref="DeltaKey.OfSquares"/>): n² times the variance of the n differences.
/// </param>
internal sealed record SparseDeltas(ImmutableArray<SparseDelta> Sources, Threshold? Variance = null)
{
    /// <summary>Number of inputs.</summary>
    public int InputCount => 1 + Sources.Length + Sources.Count(source => source.Filter.NeedsRanks);

    /// <inheritdoc/>
    public bool Equals(SparseDeltas? other) => other is not null && Variance == other.Variance && Sources.SequenceEqual(other.Sources);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Variance, Sources.Length, Sources.IsEmpty ? null : Sources[0]);
}
