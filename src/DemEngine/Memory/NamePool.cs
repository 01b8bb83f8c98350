using System.Text.Json;

namespace DemEngine.Memory;

/// <summary>
/// Strings of which each is kept once, however often it is read, and has a number: the names of a model's tensors stand in its
/// index, in its headers and in the headers of every model that is merged with it. What belongs to a name is then found in an
/// array by its number, at 4 bytes a name and model, where a dictionary takes 28.
/// </summary>
internal sealed class NamePool
{
    private const int Fewest = 16;

    // Open addressing with linear probing, at most half full: a slot holds a number plus one, or 0.
    private int[] _slots = new int[Fewest * 2];
    private string[] _names = new string[Fewest];

    /// <summary>Number of strings.</summary>
    public int Count { get; private set; }

    /// <summary>Returns the string of a number.</summary>
    public string this[int number] => _names[number];

    /// <summary>Returns the number of the string with the given characters; −1 if it is not there.</summary>
    public int Find(ReadOnlySpan<char> text) => _slots[SlotOf(text)] - 1;

    /// <summary>Returns the number of the string with the given characters, which is added if it is not there.</summary>
    public int NumberOf(ReadOnlySpan<char> text) => NumberOf(text, null);

    /// <summary>Returns the number of a string, which is added if no equal one is there.</summary>
    public int NumberOf(string text) => NumberOf(text, text);

    /// <summary>Returns the string with the given characters.</summary>
    public string Of(ReadOnlySpan<char> text)
    {
        int number = NumberOf(text);
        return _names[number];
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

    private int NumberOf(ReadOnlySpan<char> text, string? known)
    {
        int slot = SlotOf(text);
        if (_slots[slot] > 0)
            return _slots[slot] - 1;
        if (Count == _names.Length)
        {
            Grow();
            slot = SlotOf(text);
        }

        _names[Count] = known ?? text.ToString();
        _slots[slot] = ++Count;
        return Count - 1;
    }

    // The hash is keyed at random for each process, so that no file can choose names that collide.
    private int SlotOf(ReadOnlySpan<char> text)
    {
        int mask = _slots.Length - 1;
        int slot = string.GetHashCode(text) & mask;
        while (_slots[slot] > 0 && !text.SequenceEqual(_names[_slots[slot] - 1]))
            slot = (slot + 1) & mask;
        return slot;
    }

    private void Grow()
    {
        Array.Resize(ref _names, _names.Length * 2);
        _slots = new int[_names.Length * 2];
        for (int number = 0; number < Count; number++)
            _slots[SlotOf(_names[number])] = number + 1;
    }
}
