using System.Collections;
using System.Runtime.CompilerServices;

namespace DemEngine.Recipes.Values;

/// <summary>
/// An immutable list that equals another list with equal items in the same order, so that records that contain it can be compared
/// by value.
/// </summary>
/// <typeparam name="T">Type of the items.</typeparam>
[CollectionBuilder(typeof(ValueList), nameof(ValueList.Create))]
public sealed class ValueList<T> : IReadOnlyList<T>, IEquatable<ValueList<T>>
{
    private readonly T[] _items;

    internal ValueList(ReadOnlySpan<T> items) => _items = items.ToArray();

    /// <summary>Number of items.</summary>
    public int Count => _items.Length;

    /// <summary>The item at a position.</summary>
    /// <param name="index">Position of the item, counted from 0.</param>
    /// <exception cref="IndexOutOfRangeException"><paramref name="index"/> is not a position in the list.</exception>
    public T this[int index] => _items[index];

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)_items).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public bool Equals(ValueList<T>? other) => other is not null && _items.AsSpan().SequenceEqual(other._items);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ValueList<T>);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (T item in _items) hash.Add(item);
        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public override string ToString() => $"[{string.Join(", ", _items)}]";
}

/// <summary>Creates <see cref="ValueList{T}"/> instances; collection expressions call it.</summary>
public static class ValueList
{
    /// <summary>Copies the items into a list.</summary>
    /// <param name="items">Items of the list, in order.</param>
    /// <typeparam name="T">Type of the items.</typeparam>
    /// <returns>The list.</returns>
    public static ValueList<T> Create<T>(ReadOnlySpan<T> items) => new(items);
}
