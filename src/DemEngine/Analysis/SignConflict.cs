namespace DemEngine.Analysis;

/// <summary>Extent to which two distribution vectors pull in opposite directions, element by element.</summary>
/// <param name="Both">Number of elements that both vectors change.</param>
/// <param name="Opposed">Number of elements that they change with opposite signs.</param>
/// <param name="Overlap">Overlap Σ min(|a|, |b|) of the two vectors.</param>
/// <param name="Cancelled">Overlap over the opposed elements only, which cancels in a sum of the two vectors.</param>
public sealed record SignConflict(double Both, double Opposed, double Overlap, double Cancelled)
{
    /// <summary>
    /// Share of the elements changed by both vectors whose signs are opposite: about one half for unrelated vectors, NaN where no
    /// element is changed by both.
    /// </summary>
    public double OpposedShare => Opposed / Both;

    /// <summary>
    /// Share of the overlap that cancels: about one half for unrelated vectors, NaN where there is no overlap.
    /// </summary>
    public double CancelledShare => Cancelled / Overlap;
}
