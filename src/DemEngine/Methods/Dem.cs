namespace DemEngine.Methods;

/// <summary>
/// Distribution Edited Model: Θ + Σ ωᵢ·ΔΘᵢ, with one distribution vector ΔΘᵢ = Θᵢ − Θ for each data source (Ram et al., "DEM:
/// Distribution Edited Model for Training with Mixed Data Distributions", arXiv 2406.15570). The sum is that of task arithmetic.
/// The coefficients are found by validation.
/// </summary>
internal sealed class Dem : TaskArithmetic
{
    /// <inheritdoc/>
    public override string Name => "dem";

    /// <inheritdoc/>
    public override string Summary => "Distribution Edited Model: b + λ·Σ ωᵢ·(xᵢ − b), one vector for each data source";
}
