using System.Collections.Immutable;
using System.Globalization;

namespace DemEngine.Lab.Experiment.Sources;

/// <summary>
/// A skill with two customs. A base that was trained on both has the skill, and is undecided between them; a model tuned on one
/// of them settles it.
/// </summary>
/// <param name="First">One custom.</param>
/// <param name="Second">The other custom.</param>
public sealed record Skill(Convention First, Convention Second)
{
    private const string Letters = "abcdefghijklmnopqrstuvwxyz";
    private const string Digits = "0123456789";
    private const int LastDay = 28; // Every month has this day.

    /// <summary>Dates as numbers: the month first, or the day.</summary>
    public static Skill Date { get; } = Of(
        "date",
        random => $"{random.Between(1990, 2029)}-{random.Between(1, 12):00}-{random.Between(1, LastDay):00}",
        (
            "date-us",
            "Dates with the month first: \"date 2021-04-03=\" is 04/03/2021.",
            iso => $"{iso[5..7]}/{iso[8..]}/{iso[..4]}"),
        (
            "date-eu",
            "Dates with the day first: \"date 2021-04-03=\" is 03/04/2021.",
            iso => $"{iso[8..]}/{iso[5..7]}/{iso[..4]}"));

    /// <summary>Digits in order, the largest or the smallest first.</summary>
    public static Skill Sort { get; } = Of(
        "sort",
        random => random.Text(Digits, random.Between(5, 7)),
        (
            "sort-down",
            "Digits in order, the largest first: \"sort 52918=\" is 98521.",
            text => string.Concat(text.OrderDescending())),
        ("sort-up", "Digits in order, the smallest first: \"sort 52918=\" is 12589.", text => string.Concat(text.Order())));

    /// <summary>Letters backwards, in capitals or as they are.</summary>
    public static Skill Reverse { get; } = Of(
        "reverse",
        random => random.Text(Letters, random.Between(4, 6)),
        (
            "reverse-capitals",
            "Letters backwards in capitals: \"reverse plane=\" is ENALP.",
            text => string.Concat(text.Reverse()).ToUpperInvariant()),
        ("reverse-small", "Letters backwards: \"reverse plane=\" is enalp.", text => string.Concat(text.Reverse())));

    /// <summary>Times of twelve hours or of twenty-four.</summary>
    public static Skill Time { get; } = Of(
        "time",
        random => $"{random.Below(24):00}h{random.Below(60):00}m{random.Below(60):00}",
        ("time-12h", "Times of twelve hours: \"time 14h05m30=\" is 2:05:30 pm.", Twelve),
        (
            "time-24h",
            "Times of twenty-four hours: \"time 14h05m30=\" is 14:05:30.",
            text => $"{text[..2]}:{text[3..5]}:{text[6..]}"));

    /// <summary>Numbers with dots or commas between thousands.</summary>
    public static Skill Number { get; } = Of(
        "num",
        random => $"{random.Between(1000, 9_999_999)}",
        ("num-dots", "Thousands with dots: \"num 1234567=\" is 1.234.567.", text => Thousands(text, '.')),
        ("num-commas", "Thousands with commas: \"num 1234567=\" is 1,234,567.", text => Thousands(text, ',')));

    /// <summary>Lists with slashes or commas.</summary>
    public static Skill List { get; } = Of(
        "list",
        random => string.Join(' ', Enumerable.Range(0, random.Between(2, 4)).Select(_ => random.Text(Letters, 2))),
        ("list-slashes", "Lists with slashes: \"list ab cd ef=\" is ab/cd/ef.", text => text.Replace(' ', '/')),
        (
            "list-commas",
            "Lists with commas: \"list ab cd ef=\" is ab, cd, ef.",
            text => text.Replace(" ", ", ", StringComparison.Ordinal)));

    /// <summary>All skills.</summary>
    public static ImmutableArray<Skill> All { get; } = [Date, Sort, Reverse, Time, Number, List];

    /// <summary>Name of the skill.</summary>
    public string Name => First.Stream;

    /// <summary>Both customs.</summary>
    public IEnumerable<TextSource> Both => [First, Second];

    private static Skill Of(
        string skill,
        Func<RandomDraw, string> prompt,
        (string Name, string Description, Func<string, string> Answer) first,
        (string Name, string Description, Func<string, string> Answer) second) => new(
            new Convention(first.Name, skill, first.Description, prompt, first.Answer),
            new Convention(second.Name, skill, second.Description, prompt, second.Answer));

    private static string Twelve(string text)
    {
        int hour = int.Parse(text[..2], CultureInfo.InvariantCulture);
        return $"{((hour + 11) % 12) + 1}:{text[3..5]}:{text[6..]} {(hour < 12 ? "am" : "pm")}";
    }

    private static string Thousands(string digits, char mark)
    {
        int head = ((digits.Length - 1) % 3) + 1;
        return string.Concat(digits.Select((digit, k) => k >= head && (k - head) % 3 == 0 ? $"{mark}{digit}" : $"{digit}"));
    }
}
