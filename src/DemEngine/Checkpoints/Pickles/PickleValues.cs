namespace DemEngine.Checkpoints.Pickles;

/// <summary>A Python tuple that a pickle describes.</summary>
/// <param name="Items">Its items, in order.</param>
internal sealed record PickleTuple(object?[] Items)
{
    /// <summary>The tuple of no items.</summary>
    public static PickleTuple Empty { get; } = new([]);
}

/// <summary>A Python list, or a set, whose items no reader of weights asks for.</summary>
internal sealed class PickleList
{
    private List<object?>? _items;

    /// <summary>Its items, in order.</summary>
    public IReadOnlyList<object?> Items => (IReadOnlyList<object?>?)_items ?? [];

    /// <summary>Adds an item.</summary>
    public void Add(object? item) => (_items ??= []).Add(item);
}

/// <summary>
/// A Python dictionary, as the pairs that were put into it. Keys are not hashed, since a pickle may choose them so that they
/// collide, or make a key of what has no hash.
/// </summary>
internal sealed class PickleDict
{
    private List<KeyValuePair<object?, object?>>? _items;

    /// <summary>Its pairs, in the order in which they were set. A key that was set twice is there twice.</summary>
    public IReadOnlyList<KeyValuePair<object?, object?>> Items =>
        (IReadOnlyList<KeyValuePair<object?, object?>>?)_items ?? [];

    /// <summary>Adds a pair.</summary>
    public void Add(object? key, object? value) => (_items ??= []).Add(new(key, value));
}

/// <summary>A class or function that a pickle names. It is never looked up.</summary>
/// <param name="Module">Name of the module.</param>
/// <param name="Name">Name in the module.</param>
internal sealed record PickleGlobal(string Module, string Name)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Module}.{Name}";
}

/// <summary>
/// What a pickle would make by a call of something that is not known here. The call does not take place: nothing but the name
/// is kept, so that an error can say it.
/// </summary>
/// <param name="Maker">The class or function that would be called.</param>
/// <param name="With">What of its arguments makes it unknown, where without that it is known.</param>
internal sealed record PickleObject(PickleGlobal Maker, string? With = null);
