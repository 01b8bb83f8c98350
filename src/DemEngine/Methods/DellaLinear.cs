using DemEngine.Methods.Sparsifiers;

namespace DemEngine.Methods;

/// <summary>
/// Variant of <see cref="Della"/> without sign consensus.
/// </summary>
internal sealed class DellaLinear()
    : SparseTaskArithmetic(new RankedDrop(), hasConsensus: false, normalizes: false, rescales: true)
{
    /// <inheritdoc/>
    public override string Name => "della_linear";

    /// <inheritdoc/>
    public override string Summary => "Random differences of each source, larger ones in a row likelier, rescaled, then summed";
}
