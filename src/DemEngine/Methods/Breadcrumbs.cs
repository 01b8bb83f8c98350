using DemEngine.Methods.Sparsifiers;

namespace DemEngine.Methods;

/// <summary>
/// Model breadcrumbs: adds the differences that are neither outliers nor negligible (Davari and Belilovsky, "Model Breadcrumbs:
/// Scaling Multi-Task Model Merging with Sparse Masks", arXiv 2312.06795).
/// </summary>
internal sealed class Breadcrumbs()
    : SparseTaskArithmetic(new MiddleMagnitudes(), hasConsensus: false, normalizes: false, rescales: false)
{
    /// <inheritdoc/>
    public override string Name => "breadcrumbs";

    /// <inheritdoc/>
    public override string Summary => "Differences of each source without the largest and the smallest, summed";
}
