namespace DemEngine.Lab.Experiment.Sources;

/// <summary>The distributions that the project makes itself.</summary>
public static class TextSources
{
    /// <summary>All of them. date-eu and date-us conflict.</summary>
    public static IReadOnlyList<TextSource> All { get; } =
    [
        Reversal.OfLetters, new DigitSorting(), new ModularSums(), new LetterShift(), new BracketClosing(),
        new Dates(DateOrder.DayFirst), new Dates(DateOrder.MonthFirst), new RomanNumerals(), Reversal.OfDigits,
    ];

    /// <summary>Finds one by its name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static TextSource Find(string name) =>
        All.FirstOrDefault(source => source.Name == name) ?? throw new ArgumentException($"there is no source {name}", nameof(name));
}
