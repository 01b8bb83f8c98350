namespace DemEngine.Analysis;

/// <summary>What the comparison of some elements found.</summary>
/// <param name="Differing">How many differ.</param>
/// <param name="NonFinite">How many of those have no finite difference.</param>
/// <param name="Largest">The largest finite absolute difference; negative if there is none.</param>
/// <param name="LargestAt">Index of the first element that differs so much.</param>
internal readonly record struct ElementDifference(long Differing, long NonFinite, double Largest, long LargestAt)
{
    /// <summary>Of elements that are all equal.</summary>
    public static ElementDifference None { get; } = new(0, 0, -1, 0);

    /// <summary>Of both parts together; the order does not matter.</summary>
    public static ElementDifference operator +(ElementDifference a, ElementDifference b)
    {
        bool takeA = a.Largest > b.Largest || (a.Largest == b.Largest && a.LargestAt <= b.LargestAt);
        ElementDifference largest = takeA ? a : b;
        return new(a.Differing + b.Differing, a.NonFinite + b.NonFinite, largest.Largest, largest.LargestAt);
    }
}
