namespace DemEngine.Evaluation.Templates;

/// <summary>
/// Elements and parts of lists and texts by Python's indices, which count from the end where they are negative.
/// </summary>
internal static class Slices
{
    /// <summary>The element at an index; null if there is none.</summary>
    public static (bool Found, object? Value) Element(List<object?> items, long index)
    {
        long place = index < 0 ? index + items.Count : index;
        return place >= 0 && place < items.Count ? (true, items[(int)place]) : (false, null);
    }

    /// <summary>The elements from one index to before another, in steps.</summary>
    public static List<object?> Part(List<object?> items, long? first, long? end, long step)
    {
        long count = items.Count;
        var part = new List<object?>();
        if (step > 0)
        {
            long last = Clamp(end ?? count, 0, count, count);
            for (long at = Clamp(first ?? 0, 0, count, count); at < last; at += Math.Min(step, count))
                part.Add(items[(int)at]);
        }
        else
        {
            long last = end is { } stop ? Clamp(stop, -1, count - 1, count) : -1;
            long begin = first is { } start ? Clamp(start, -1, count - 1, count) : count - 1;
            for (long at = begin; at > last; at += Math.Max(step, -count))
                part.Add(items[(int)at]);
        }

        return part;
    }

    private static long Clamp(long index, long least, long most, long count) =>
        Math.Clamp(index < 0 ? index + count : index, least, most);
}
