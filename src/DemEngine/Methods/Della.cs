using DemEngine.Methods.Sparsifiers;

namespace DemEngine.Methods;

/// <summary>
/// DELLA: drops differences at random, the smaller ones of a row more often, rescales the others, and averages those that agree
/// on a sign (Deep et al., "DELLA-Merging: Reducing Interference in Model Merging through Magnitude-Based Sampling", arXiv
/// 2406.11617).
/// </summary>
internal sealed class Della() : SparseTaskArithmetic(new RankedDrop(), hasConsensus: true, normalizes: true, rescales: true)
{
    /// <inheritdoc/>
    public override string Name => "della";

    /// <inheritdoc/>
    public override string Summary =>
        "Random differences of each source, larger ones in a row likelier, rescaled, "
        + "then those that agree on a sign, averaged";
}
