using DemEngine.Methods.Sparsifiers;

namespace DemEngine.Methods;

/// <summary>
/// DARE: drops differences at random, rescales the others and adds them (Yu et al., "Language Models are Super Mario: Absorbing
/// Abilities from Homologous Models as a Free Lunch", arXiv 2311.03099).
/// </summary>
internal sealed class DareLinear()
    : SparseTaskArithmetic(new RandomDrop(), hasConsensus: false, normalizes: false, rescales: true)
{
    /// <inheritdoc/>
    public override string Name => "dare_linear";

    /// <inheritdoc/>
    public override string Summary => "Random differences of each source, rescaled, then summed";
}
