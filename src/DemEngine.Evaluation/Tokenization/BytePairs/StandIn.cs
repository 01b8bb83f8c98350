using System.Globalization;
using System.Text;

namespace DemEngine.Evaluation.Tokenization.BytePairs;

/// <summary>
/// Text with one UTF-16 unit for each code point. Characters outside the Basic Multilingual Plane are replaced by one of the same
/// general category, which is what expressions test for.
/// </summary>
internal readonly struct StandIn
{
    private static readonly Dictionary<UnicodeCategory, char> OfCategory = Enumerable.Range(0, 0x10000)
        .Select(value => (char)value)
        .Where(value => !char.IsSurrogate(value))
        .GroupBy(char.GetUnicodeCategory)
        .ToDictionary(group => group.Key, group => group.Last());

    private readonly int[]? _places;

    private StandIn(string text, int[]? places)
    {
        Text = text;
        _places = places;
    }

    /// <summary>Text that expressions are matched against.</summary>
    public string Text { get; }

    public static StandIn For(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
            return new StandIn(text, null);
        var shown = new StringBuilder(text.Length);
        var places = new List<int>(text.Length + 1);
        for (int at = 0; at < text.Length;)
        {
            Rune.DecodeFromUtf16(text.AsSpan(at), out Rune character, out int length);
            shown.Append(character.IsBmp ? (char)character.Value : OfCategory[Rune.GetUnicodeCategory(character)]);
            places.Add(at);
            at += length;
        }

        places.Add(text.Length);
        return new StandIn(shown.ToString(), [.. places]);
    }

    /// <summary>Maps an index into <see cref="Text"/> to an index into the original text.</summary>
    public int Place(int index) => _places is null ? index : _places[index];
}
