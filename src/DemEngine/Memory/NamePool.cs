using System.Text.Json;

namespace DemEngine.Memory;

/// <summary>
/// Strings of which each is kept once, however often it is read: the names of a model's tensors stand in its index, in its
/// headers and in the headers of every model that is merged with it.
/// </summary>
internal sealed class NamePool
{
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _byText;

    public NamePool() => _byText = _names.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Number of strings.</summary>
    public int Count => _names.Count;

    /// <summary>Returns the string with the given characters.</summary>
    public string Of(ReadOnlySpan<char> text)
    {
        if (_byText.TryGetValue(text, out string? known))
            return known;
        string name = text.ToString();
        _names.Add(name);
        return name;
    }

    /// <summary>Returns the string that a JSON reader stands at.</summary>
    /// <param name="reader">Reader at a string or at the name of a property.</param>
    public string Of(in Utf8JsonReader reader)
    {
        const int Longest = 512;
        if (reader.HasValueSequence || reader.ValueSpan.Length > Longest)
            return Of(reader.GetString());
        Span<char> text = stackalloc char[Longest];
        return Of(text[..reader.CopyString(text)]);
    }
}
