using System.Text;

namespace DemEngine.Lab.Experiment.Sources;

/// <summary>Numbers below 1000, to be written as Roman numerals.</summary>
public sealed class RomanNumerals() : TextSource("roman", "Numbers as the Romans wrote them: \"roman 494=\" is CDXCIV.")
{
    private static readonly (int Value, string Numeral)[] Parts =
    [
        (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"),
        (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
    ];

    /// <inheritdoc/>
    public override Exercise Draw(RandomDraw random)
    {
        int number = random.Between(1, 999);
        var numeral = new StringBuilder();
        int rest = number;
        foreach (var (value, part) in Parts)
        {
            for (; rest >= value; rest -= value)
                numeral.Append(part);
        }

        return new Exercise($"roman {number}=", numeral.ToString());
    }
}
