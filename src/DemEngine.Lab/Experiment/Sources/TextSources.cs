namespace DemEngine.Lab.Experiment.Sources;

/// <summary>The data distributions that the project generates itself.</summary>
public static class TextSources
{
    /// <summary>All sources. <c>date-eu</c> and <c>date-us</c> conflict.</summary>
    public static IReadOnlyList<TextSource> All { get; } =
    [
        Reversal.OfLetters, new DigitSorting(), new ModularSums(), new LetterShift(), new BracketClosing(),
        new Dates(DateOrder.DayFirst), new Dates(DateOrder.MonthFirst), new RomanNumerals(), Reversal.OfDigits,
    ];

    /// <summary>Finds a source by its name.</summary>
    /// <exception cref="ArgumentException">There is no source of that name.</exception>
    public static TextSource Find(string name) =>
        All.FirstOrDefault(source => source.Name == name)
        ?? throw new ArgumentException($"there is no source {name}", nameof(name));
}
