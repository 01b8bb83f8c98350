using System.Globalization;
using System.Text.RegularExpressions;

namespace DemEngine.Recipes.Text;

/// <summary>
/// Interprets unquoted scalars by the core schema of YAML 1.2, which does not know <c>yes</c>, <c>off</c> or <c>1_000</c>.
/// </summary>
internal static partial class PlainScalar
{
    /// <summary>
    /// Returns null for nothing, else a <see cref="bool"/>, a <see cref="double"/> (perhaps not finite) or the text.
    /// </summary>
    public static object? Read(TextNode node)
    {
        if (!node.IsPlain) return node.Text;
        string text = node.Text;
        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return null;
            case "true" or "True" or "TRUE":
                return true;
            case "false" or "False" or "FALSE":
                return false;
            case ".nan" or ".NaN" or ".NAN":
                return double.NaN;
            case ".inf" or ".Inf" or ".INF" or "+.inf" or "+.Inf" or "+.INF":
                return double.PositiveInfinity;
            case "-.inf" or "-.Inf" or "-.INF":
                return double.NegativeInfinity;
        }

        if (Decimal().IsMatch(text)) return double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
        if (Octal().IsMatch(text)) return Accumulate(text.AsSpan(2), 8);
        if (Hexadecimal().IsMatch(text)) return Accumulate(text.AsSpan(2), 16);
        return text;
    }

    // Exact up to 2^53; beyond that, close enough for a seed or a count.
    private static double Accumulate(ReadOnlySpan<char> digits, int radix)
    {
        double value = 0;
        foreach (char digit in digits) value = (value * radix) + Convert.ToInt32(digit.ToString(), 16);
        return value;
    }

    [GeneratedRegex(@"\A[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Decimal();

    [GeneratedRegex(@"\A0o[0-7]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Octal();

    [GeneratedRegex(@"\A0x[0-9a-fA-F]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Hexadecimal();
}
