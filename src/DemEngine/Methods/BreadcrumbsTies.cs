using DemEngine.Methods.Sparsifiers;

namespace DemEngine.Methods;

/// <summary>
/// Variant of <see cref="Breadcrumbs"/> with the sign consensus of <see cref="Ties"/>.
/// </summary>
internal sealed class BreadcrumbsTies()
    : SparseTaskArithmetic(new MiddleMagnitudes(), hasConsensus: true, normalizes: false, rescales: false)
{
    /// <inheritdoc/>
    public override string Name => "breadcrumbs_ties";

    /// <inheritdoc/>
    public override string Summary =>
        "Differences of each source without the largest and the smallest, "
        + "then those that agree with the majority on a sign, summed";
}
