using DemEngine.Methods.Sparsifiers;

namespace DemEngine.Methods;

/// <summary>
/// Variant of <see cref="DareLinear"/> with the sign consensus of <see cref="Ties"/>.
/// </summary>
internal sealed class DareTies() : SparseTaskArithmetic(new RandomDrop(), hasConsensus: true, normalizes: false, rescales: true)
{
    /// <inheritdoc/>
    public override string Name => "dare_ties";

    /// <inheritdoc/>
    public override string Summary =>
        "Random differences of each source, rescaled, then those that agree with the majority on a sign, summed";
}
