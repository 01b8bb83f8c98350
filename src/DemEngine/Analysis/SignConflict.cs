namespace DemEngine.Analysis;

/// <summary>How far two distribution vectors pull in opposite directions, element by element.</summary>
/// <param name="Both">Elements that both change.</param>
/// <param name="Opposed">Elements that they change with opposite signs.</param>
/// <param name="Overlap">Σ min(|a|, |b|): what of the two lies upon each other.</param>
/// <param name="Cancelled">The same over the opposed elements: what a sum of the two cancels.</param>
public sealed record SignConflict(double Both, double Opposed, double Overlap, double Cancelled)
{
    /// <summary>Share of the elements that both change with opposite signs; a half for vectors that have nothing to do with each other. NaN for none.</summary>
    public double OpposedShare => Opposed / Both;

    /// <summary>Share of the overlap that cancels; a half for vectors that have nothing to do with each other. NaN where there is no overlap.</summary>
    public double CancelledShare => Cancelled / Overlap;
}
