using System.Text.Json;

namespace DemEngine.Memory;

/// <summary>
/// Strings of which each is kept once, however often it is read, and has a number: the names of a model's tensors stand in its
/// index, in its headers and in the headers of every model that is merged with it. What belongs to a name is then found in an
/// array by its number, at 4 bytes a name and model, where a dictionary takes 28. Names are mostly asked for in an order in which
/// they were asked for before, and each several times in a row, so that the last one and the one that followed it before are
/// tried first.
/// </summary>
internal sealed class NamePool
{
    private const int Fewest = 16;

    // Open addressing with linear probing, at most half full: a slot holds a number plus one, or 0.
    private int[] _slots = new int[Fewest * 2];
    private string[] _names = new string[Fewest];

    // Number of the name that followed each name when it was last asked for. These are guesses, which are checked: threads that
    // ask at once spoil each other's and nothing else.
    private int[] _next = new int[Fewest];
    private int _last;

    /// <summary>Number of strings.</summary>
    public int Count { get; private set; }

    /// <summary>Returns the string of a number.</summary>
    public string this[int number] => _names[number];

    /// <summary>Returns the number of the string with the given characters; −1 if it is not there.</summary>
    public int Find(ReadOnlySpan<char> text)
    {
        int guess = Guess(text);
        return guess >= 0 ? guess : Remember(_slots[SlotOf(text)] - 1);
    }

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
        int guess = Guess(text);
        if (guess >= 0)
            return guess;
        int slot = SlotOf(text);
        if (_slots[slot] > 0)
            return Remember(_slots[slot] - 1);
        if (Count == _names.Length)
        {
            Grow();
            slot = SlotOf(text);
        }

        _names[Count] = known ?? text.ToString();
        _slots[slot] = ++Count;
        return Remember(Count - 1);
    }

    // Models that were saved alike have their names in the same order, in the index as in the headers, though the two may differ:
    // what stands in the order of the numbers needs no memory.
    private int Guess(ReadOnlySpan<char> text)
    {
        int last = _last;
        if (Is(last, text))
            return last;
        int next = _next[last];
        int guess = Is(next, text) ? next : Is(last + 1, text) ? last + 1 : -1;
        if (guess >= 0)
            _last = guess;
        return guess;
    }

    private bool Is(int number, ReadOnlySpan<char> text) => number < Count && text.SequenceEqual(_names[number]);

    private int Remember(int number)
    {
        if (number >= 0)
        {
            int last = _last;
            _next[last] = number;
            _last = number;
        }

        return number;
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
        Array.Resize(ref _next, _names.Length);
        _slots = new int[_names.Length * 2];
        for (int number = 0; number < Count; number++)
            _slots[SlotOf(_names[number])] = number + 1;
    }
}
