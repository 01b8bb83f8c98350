using System.Collections.Immutable;

namespace DemEngine.Numerics.Deltas;

/// <summary>One source of differences, with its mask.</summary>
/// <param name="Kind">Kind of the source: whether the base is subtracted, or the source is a difference already.</param>
/// <param name="Filter">Mask that turns the differences δ into D.</param>
internal sealed record SparseDelta(TermKind Kind, DeltaMask Filter);

/// <summary>
/// Sparse differences of several sources from a base. For each source, δ = binary32(x − b), where the difference is taken in
/// binary64 (for a stored vector, δ = binary32(x)), and D is what its mask makes of δ.
/// </summary>
/// <remarks>
/// Between values of at most binary32, δ is the binary32 difference, rounded once. It is what <see cref="GramOrder"/> sums and
/// what an extracted vector holds, so that a stored vector gives the same result as its model. Products of δ and a binary32
/// weight are exact in binary64, so that it does not matter whether a compiler fuses them with an addition.
/// The inputs of every operation are the base, then each source in order, then for each source whose mask
/// <see cref="DeltaMask.NeedsRanks"/> its ranks, of type U32.
/// </remarks>
/// <param name="Sources">The sources, in order.</param>
/// <param name="Variance">
/// Variance threshold, or null for none. A finite D is +0 in all sources wherever the key (<see cref="DeltaKey.OfSquares"/>) of Σ
/// binary32(δᵢ − δⱼ)² is not above it. The sum is over all pairs i &lt; j, in the order (0, 1), (0, 2) … (1, 2) … and in
/// binary64; it is n² times the variance of the n differences.
/// </param>
internal sealed record SparseDeltas(ImmutableArray<SparseDelta> Sources, Threshold? Variance = null)
{
    /// <summary>Number of inputs.</summary>
    public int InputCount => 1 + Sources.Length + Sources.Count(source => source.Filter.NeedsRanks);

    /// <inheritdoc/>
    public bool Equals(SparseDeltas? other) =>
        other is not null && Variance == other.Variance && Sources.SequenceEqual(other.Sources);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Variance, Sources.Length, Sources.IsEmpty ? null : Sources[0]);
}
