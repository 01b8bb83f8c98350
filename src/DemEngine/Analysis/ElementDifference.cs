namespace DemEngine.Analysis;

/// <summary>Result of the comparison of some elements.</summary>
/// <param name="Differing">Number of elements that differ.</param>
/// <param name="NonFinite">Number of differing elements that have no finite difference.</param>
/// <param name="Largest">Largest finite absolute difference; negative if there is none.</param>
/// <param name="LargestAt">Index of the first element with the largest difference.</param>
internal readonly record struct ElementDifference(long Differing, long NonFinite, double Largest, long LargestAt)
{
    /// <summary>Result for elements that are all equal.</summary>
    public static ElementDifference None { get; } = new(0, 0, -1, 0);

    /// <summary>Combines the results of two parts; the order does not matter.</summary>
    public static ElementDifference operator +(ElementDifference a, ElementDifference b)
    {
        bool takeA = a.Largest > b.Largest || (a.Largest == b.Largest && a.LargestAt <= b.LargestAt);
        ElementDifference largest = takeA ? a : b;
        return new(a.Differing + b.Differing, a.NonFinite + b.NonFinite, largest.Largest, largest.LargestAt);
    }
}
