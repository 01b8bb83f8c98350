namespace DemEngine.Lab.Experiment.Sources;

/// <summary>The data distributions that the project generates itself.</summary>
public static class TextSources
{
    /// <summary>All sources: both customs of every skill, and others that have one right answer.</summary>
    public static IReadOnlyList<TextSource> All { get; } =
    [
        .. Skill.All.SelectMany(skill => skill.Both), Reversal.OfDigits, new BracketClosing(), new RomanNumerals(),
    ];

    /// <summary>Finds a source by its name.</summary>
    /// <exception cref="ArgumentException">There is no source of that name.</exception>
    public static TextSource Find(string name) =>
        All.FirstOrDefault(source => source.Name == name)
        ?? throw new ArgumentException($"there is no source {name}", nameof(name));
}
