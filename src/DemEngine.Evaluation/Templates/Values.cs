using System.Collections;
using System.Text;

namespace DemEngine.Evaluation.Templates;

/// <summary>
/// A value that is not there: a name or a key without a value. It is false, empty and written as nothing, and has no
/// attributes.
/// </summary>
/// <param name="name">What is not there, named in errors.</param>
internal sealed class Undefined(string name)
{
    public string Name => name;
}

/// <summary>A mapping, which keeps the order of its keys.</summary>
internal sealed class Mapping : IEnumerable<KeyValuePair<object, object?>>
{
    private readonly OrderedDictionary<object, object?> _items = [];

    public int Count => _items.Count;

    public IEnumerable<object> Keys => _items.Keys;

    public IEnumerable<object?> Values => _items.Values;

    public object? this[object key]
    {
        get => _items[Key(key)];
        set => _items[Key(key)] = value;
    }

    public bool TryGetValue(object? key, out object? value)
    {
        value = null;
        return key is not null && _items.TryGetValue(Key(key), out value);
    }

    public IEnumerator<KeyValuePair<object, object?>> GetEnumerator() => _items.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    // In Python 1, 1.0 and True are one key.
    private static object Key(object key) => key switch
    {
        bool flag => flag ? 1L : 0L,
        double number when number == Math.Truncate(number) && Math.Abs(number) < 1e15 => (long)number,
        _ => key,
    };
}

/// <summary>A tuple: a list that is written in parentheses.</summary>
internal sealed class TupleOf(IEnumerable<object?> items) : List<object?>(items);

/// <summary>An object whose attributes can be set, which <c>namespace()</c> makes.</summary>
internal sealed class Namespace
{
    public Dictionary<string, object?> Members { get; } = new(StringComparer.Ordinal);
}

/// <summary>The attributes of <c>loop</c> and the like, which cannot be set.</summary>
/// <param name="find">What an attribute is; <see cref="Undefined"/> for none.</param>
internal sealed class Attributes(Func<string, object?> find)
{
    public object? Find(string name) => find(name);
}

/// <summary>Something that can be called.</summary>
internal delegate object? Callable(Arguments arguments);

/// <summary>What all values have in common: whether they hold, what they contain, which are equal.</summary>
internal static class Values
{
    /// <summary>Whether a value counts as true.</summary>
    public static bool Holds(object? value) => value switch
    {
        null or Undefined => false,
        bool flag => flag,
        long number => number != 0,
        double number => number != 0,
        string text => text.Length > 0,
        List<object?> list => list.Count > 0,
        Mapping mapping => mapping.Count > 0,
        _ => true,
    };

    /// <summary>Name of a value's type in Python, for errors.</summary>
    public static string TypeOf(object? value) => value switch
    {
        null => "None",
        Undefined undefined => $"{undefined.Name}, which is undefined,",
        bool => "a truth value",
        long => "a whole number",
        double => "a number",
        string => "a text",
        TupleOf => "a tuple",
        List<object?> => "a list",
        Mapping => "a mapping",
        Namespace => "a namespace",
        Callable => "a function",
        _ => "an object",
    };

    /// <summary>The items of a value that can be gone through; null if it cannot.</summary>
    public static IEnumerable<object?>? Items(object? value) => value switch
    {
        List<object?> list => list,
        Mapping mapping => mapping.Keys.Cast<object?>(),
        string text => Characters(text),
        Undefined => Enumerable.Empty<object?>(),
        _ => null,
    };

    /// <summary>The characters of a text, each as a text.</summary>
    public static List<object?> Characters(string text) => [.. text.EnumerateRunes().Select(rune => rune.ToString())];

    /// <summary>Number of characters of a text, where one beyond the first 65536 counts once.</summary>
    public static int Length(string text)
    {
        int pairs = 0;
        foreach (char c in text)
            pairs += char.IsHighSurrogate(c) ? 1 : 0;
        return text.Length - pairs;
    }

    /// <summary>Whether two values are equal as in Python.</summary>
    public static bool AreEqual(object? left, object? right) => (left, right) switch
    {
        (Undefined, Undefined) => true,
        (bool or long or double, bool or long or double) => Number(left) == Number(right),
        (string a, string b) => a == b,
        (List<object?> a, List<object?> b) =>
            a is TupleOf == b is TupleOf && a.Count == b.Count && a.Zip(b).All(pair => AreEqual(pair.First, pair.Second)),
        (Mapping a, Mapping b) =>
            a.Count == b.Count && a.All(pair => b.TryGetValue(pair.Key, out object? other) && AreEqual(pair.Value, other)),
        _ => ReferenceEquals(left, right),
    };

    /// <summary>A number or truth value as a number.</summary>
    public static double Number(object? value) => value switch
    {
        bool flag => flag ? 1 : 0,
        long number => number,
        double number => number,
        _ => throw new ArgumentException("no number", nameof(value)),
    };

    /// <summary>Whether a value is a number or a truth value.</summary>
    public static bool IsNumber(object? value) => value is bool or long or double;

    /// <summary>
    /// Compares two values by their order: texts by their characters' numbers, numbers by size, lists item by item.
    /// </summary>
    /// <returns>Null if they have no order.</returns>
    public static int? Compare(object? left, object? right)
    {
        if (left is string a && right is string b)
            return CompareTexts(a, b);
        if (IsNumber(left) && IsNumber(right))
            return Number(left).CompareTo(Number(right));
        if (left is not List<object?> x || right is not List<object?> y)
            return null;
        foreach ((object? first, object? second) in x.Zip(y))
        {
            if (!AreEqual(first, second))
                return Compare(first, second);
        }

        return x.Count.CompareTo(y.Count);
    }

    // UTF-16 has the characters beyond the first 65536 before some of those, so that its order is another one.
    private static int CompareTexts(string left, string right)
    {
        StringRuneEnumerator a = left.EnumerateRunes(), b = right.EnumerateRunes();
        while (true)
        {
            bool hasA = a.MoveNext(), hasB = b.MoveNext();
            if (!hasA || !hasB)
                return hasA.CompareTo(hasB);
            if (a.Current != b.Current)
                return a.Current.CompareTo(b.Current);
        }
    }
}
