namespace DemEngine.Methods.Definition;

/// <summary>
/// Number of elements that are to be above a threshold, as a function of how many there are. A record, so that two that count
/// alike are equal: whatever the number depends on is part of it.
/// </summary>
internal abstract record ThresholdCount
{
    /// <summary>Computes the number.</summary>
    /// <param name="totals">Numbers of elements that the threshold divides.</param>
    public abstract long Of(KeyTotals totals);
}
