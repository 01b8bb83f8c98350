using System.Collections.Immutable;

namespace DemEngine.Numerics.Deltas;

/// <summary>
/// Rule by which the sparse differences D of several sources are combined into one, m. Sums start at +0 and take the sources in
/// order, in binary64.
/// </summary>
public enum Consensus
{
    /// <summary>m = Σ weightᵢ·Dᵢ.</summary>
    Sum,

    /// <summary>
    /// Sum over the sources that agree with the majority. s is −1 where Σ voteᵢ·Dᵢ &lt; 0 and otherwise +1. Source i agrees
    /// unless s·voteᵢ·Dᵢ ≤ 0. m = Σ weightᵢ·Dᵢ over the sources that agree.
    /// </summary>
    Agreeing,

    /// <summary>
    /// The sum of <see cref="Agreeing"/> divided by Σ shareᵢ over the sources that agree, or by 1 where that is 0.
    /// </summary>
    AgreeingMean,

    /// <summary>
    /// Sum or mean, depending on the number k of sources in which D is not 0. Where k ≤ 1, m = Σ weightᵢ·Dᵢ, which has at most
    /// one term that is not 0; otherwise m = (Σ shareᵢ·Dᵢ) / k.
    /// </summary>
    Overlap,
}

/// <summary>Weights of one source in a <see cref="Consensus"/>.</summary>
/// <param name="Weight">Weight of the source's differences in the sum.</param>
/// <param name="Vote">Weight of the source's differences in the choice of the sign.</param>
/// <param name="Share">Weight of the source in the divisor.</param>
internal readonly record struct DeltaWeights(float Weight, float Vote, float Share);

/// <summary>
/// Combination y = b + m, where m combines the sparse differences of several sources. The sum b + m is taken in binary64 and
/// rounded once to the output type, to nearest even.
/// </summary>
/// <remarks>
/// Every product is of two binary32 numbers and exact in binary64, and no quotient is multiplied, so that fused operations give
/// the same bits.
/// </remarks>
/// <param name="deltas">The sources and their masks.</param>
/// <param name="weights">Weights of the sources, one item for each source in order.</param>
/// <param name="mixing">Rule that combines the differences.</param>
internal sealed class DeltaCombination(SparseDeltas deltas, ImmutableArray<DeltaWeights> weights, Consensus mixing) : Combination
{
    /// <summary>The sources and their masks.</summary>
    public SparseDeltas Deltas { get; } = deltas;

    /// <summary>Weights of the sources, one item for each source in order.</summary>
    public ImmutableArray<DeltaWeights> Weights { get; } =
        weights.Length == deltas.Sources.Length ? weights : throw new ArgumentException("One for each source.", nameof(weights));

    /// <summary>Rule that combines the differences.</summary>
    public Consensus Mixing { get; } = mixing;
}
