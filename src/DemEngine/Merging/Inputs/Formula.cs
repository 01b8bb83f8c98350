using System.Globalization;
using System.Text;

namespace DemEngine.Merging.Inputs;

/// <summary>How plans write what is done to a tensor: of the base, b, and the recipe's sources in order, x1, x2 ….</summary>
internal static class Formula
{
    /// <summary>The base.</summary>
    public const string Base = "b";

    /// <summary>A source.</summary>
    /// <param name="place">Its place among the recipe's sources, from 1.</param>
    public static string Source(int place) => string.Create(CultureInfo.InvariantCulture, $"x{place}");

    /// <summary>A sum.</summary>
    /// <param name="start">What is there already; empty for nothing.</param>
    /// <param name="terms">What is added.</param>
    public static string Sum(string start, IEnumerable<(float Weight, string Factor)> terms)
    {
        var sum = new StringBuilder(start);
        foreach (var (weight, factor) in terms)
        {
            string sign = weight < 0 ? "−" : "+";
            sum.Append(sum.Length > 0 ? $" {sign} " : weight < 0 ? sign : "");
            if (Math.Abs(weight) != 1)
                sum.Append(CultureInfo.InvariantCulture, $"{Math.Abs(weight):g6}·");
            sum.Append(factor);
        }

        return sum.Length > 0 ? sum.ToString() : "0";
    }
}
