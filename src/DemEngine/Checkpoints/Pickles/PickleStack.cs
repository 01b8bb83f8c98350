namespace DemEngine.Checkpoints.Pickles;

/// <summary>The values that a pickle's instructions work on, and the marks among them.</summary>
/// <param name="bytes">The pickle, for its errors.</param>
internal sealed class PickleStack(PickleBytes bytes)
{
    // Python writes a thousand items at a time, and what is nested adds a few values at each level.
    private const int Deepest = 1 << 18;

    private readonly List<object?> _values = [];
    private readonly Stack<int> _marks = new();

    /// <summary>The last value, which stays.</summary>
    public object? Top => _values.Count > Floor ? _values[^1] : throw bytes.Wrong("a value is missing");

    /// <summary>Whether there is one value and no mark, as at the end of a pickle.</summary>
    public bool IsResult => _values.Count == 1 && _marks.Count == 0;

    private int Floor => _marks.TryPeek(out int mark) ? mark : 0;

    /// <summary>Adds a value.</summary>
    public void Push(object? value)
    {
        if (_values.Count >= Deepest)
            throw bytes.Wrong($"more than {Deepest} values wait to be used");
        _values.Add(value);
    }

    /// <summary>Takes the last value.</summary>
    public object? Pop()
    {
        object? top = Top;
        _values.RemoveAt(_values.Count - 1);
        return top;
    }

    /// <summary>Takes the last value, which must be of a kind.</summary>
    /// <typeparam name="T">Type of the value.</typeparam>
    public T Pop<T>()
        where T : class => Pop() as T ?? throw bytes.Wrong("a value is of another kind than its use");

    /// <summary>Sets a mark.</summary>
    public void Mark()
    {
        if (_marks.Count >= Deepest)
            throw bytes.Wrong($"more than {Deepest} marks wait to be used");
        _marks.Push(_values.Count);
    }

    /// <summary>Takes the last mark and the values above it.</summary>
    public object?[] PopToMark()
    {
        if (!_marks.TryPop(out int mark))
            throw bytes.Wrong("a mark is missing");
        object?[] values = _values.Slice(mark, _values.Count - mark).ToArray();
        _values.RemoveRange(mark, values.Length);
        return values;
    }
}
