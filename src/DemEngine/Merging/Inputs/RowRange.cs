namespace DemEngine.Merging.Inputs;

/// <summary>Elements of whole rows.</summary>
/// <param name="First">Index of the first.</param>
/// <param name="End">Index after the last.</param>
internal readonly record struct RowRange(long First, long End)
{
    public int Count => checked((int)(End - First));

    /// <summary>The same rows, so many elements further on.</summary>
    public RowRange After(long elements) => new(First + elements, End + elements);

    /// <summary>The fewest whole rows that hold a range of elements.</summary>
    public static RowRange Around(long first, long end, long rowElements) =>
        new(first / rowElements * rowElements, (end + rowElements - 1) / rowElements * rowElements);
}
