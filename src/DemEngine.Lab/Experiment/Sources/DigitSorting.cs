namespace DemEngine.Lab.Experiment.Sources;

/// <summary>Strings of digits, to be sorted in ascending order.</summary>
public sealed class DigitSorting() : TextSource("sort", "Digits in order: \"sort 5291803=\" is 0123589.")
{
    private const int Shortest = 6;
    private const int Longest = 9;

    /// <inheritdoc/>
    public override Exercise Draw(RandomDraw random)
    {
        string digits = random.Text("0123456789", random.Between(Shortest, Longest));
        return new Exercise($"sort {digits}=", string.Concat(digits.Order()));
    }
}
