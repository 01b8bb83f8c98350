namespace DemEngine.Merging.Statistics;

/// <summary>Counts that are kept for each tile.</summary>
/// <param name="Start">The first of them among all that the pass counts.</param>
/// <param name="Length">How many.</param>
/// <param name="At">The first of them among those that are kept.</param>
internal readonly record struct TileCounts(int Start, int Length, int At);
