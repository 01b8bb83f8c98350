namespace DemEngine.Merging.Inputs;

/// <summary>A range of elements that covers whole rows.</summary>
/// <param name="First">Index of the first element.</param>
/// <param name="End">Index after the last element.</param>
internal readonly record struct RowRange(long First, long End)
{
    public int Count => checked((int)(End - First));

    /// <summary>Returns the range moved by a number of elements.</summary>
    public RowRange After(long elements) => new(First + elements, End + elements);

    /// <summary>Returns the smallest range of whole rows that contains a range of elements.</summary>
    public static RowRange Around(long first, long end, long rowElements) =>
        new(first / rowElements * rowElements, (end + rowElements - 1) / rowElements * rowElements);
}
