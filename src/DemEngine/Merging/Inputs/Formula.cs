using System.Globalization;
using System.Text;

namespace DemEngine.Merging.Inputs;

/// <summary>
/// Writes the formulas by which plans describe an operation on a tensor, with b for the base and x1, x2 … for the recipe's
/// sources in order.
/// </summary>
internal static class Formula
{
    /// <summary>Symbol of the base.</summary>
    public const string Base = "b";

    // Each tensor of a plan asks for them.
    private static readonly string[] First = [.. Enumerable.Range(0, 10).Select(place => $"x{place}")];

    /// <summary>Returns the symbol of a source.</summary>
    /// <param name="place">Position of the source in the recipe, from 1.</param>
    public static string Source(int place) =>
        place < First.Length ? First[place] : string.Create(CultureInfo.InvariantCulture, $"x{place}");

    /// <summary>Writes a weighted sum.</summary>
    /// <param name="start">Formula that the terms are appended to; may be empty.</param>
    /// <param name="terms">Terms of the sum, each a weight times a factor.</param>
    public static string Sum(string start, IEnumerable<(float Weight, string Factor)> terms)
    {
        var sum = new StringBuilder(start);
        foreach (var (weight, factor) in terms)
        {
            char sign = weight < 0 ? '−' : '+';
            if (sum.Length > 0)
                sum.Append(' ').Append(sign).Append(' ');
            else if (weight < 0)
                sum.Append(sign);
            if (Math.Abs(weight) != 1)
                sum.Append(CultureInfo.InvariantCulture, $"{Math.Abs(weight):g6}·");
            sum.Append(factor);
        }

        return sum.Length > 0 ? sum.ToString() : "0";
    }
}
