using DemEngine.Methods.Sparsifiers;

namespace DemEngine.Methods;

/// <summary>
/// TIES: trims each source to its largest differences, elects a sign for each position, and merges the differences that agree
/// with it (Yadav et al., "TIES-Merging: Resolving Interference When Merging Models", arXiv 2306.01708).
/// </summary>
internal sealed class Ties()
    : SparseTaskArithmetic(new LargestMagnitudes(), hasConsensus: true, normalizes: true, rescales: false)
{
    /// <inheritdoc/>
    public override string Name => "ties";

    /// <inheritdoc/>
    public override string Summary =>
        "The largest differences of each source, then those that agree with the majority on a sign, averaged";
}
