namespace DemEngine.Merging.Statistics;

/// <summary>A range of counts that are kept for each tile.</summary>
/// <param name="Start">Index of the range's first count among all counts of the pass.</param>
/// <param name="Length">Number of counts.</param>
/// <param name="At">Index of the range's first count among those kept for a tile.</param>
internal readonly record struct TileCounts(int Start, int Length, int At);
