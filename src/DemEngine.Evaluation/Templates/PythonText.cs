using System.Globalization;
using System.Text;

namespace DemEngine.Evaluation.Templates;

/// <summary>Values as the text that Python writes for them.</summary>
internal static class PythonText
{
    /// <summary>Text of a value where it is written: Python's <c>str</c>.</summary>
    public static string Of(object? value) => value switch
    {
        string text => text,
        Undefined => "",
        _ => Representation(value),
    };

    /// <summary>Text of a value inside another: Python's <c>repr</c>.</summary>
    public static string Representation(object? value) => value switch
    {
        null => "None",
        Undefined => "Undefined",
        bool flag => flag ? "True" : "False",
        long number => number.ToString(CultureInfo.InvariantCulture),
        double number => Number(number),
        string text => Quoted(text),
        TupleOf tuple => tuple.Count == 1
            ? $"({Representation(tuple[0])},)"
            : $"({string.Join(", ", tuple.Select(Representation))})",
        List<object?> list => $"[{string.Join(", ", list.Select(Representation))}]",
        Mapping mapping =>
            $"{{{string.Join(", ", mapping.Select(pair => $"{Representation(pair.Key)}: {Representation(pair.Value)}"))}}}",
        _ => $"<{Values.TypeOf(value)}>",
    };

    /// <summary>
    /// A number in the fewest digits that give it back, with an exponent where Python has one: from 1e16 on and below 1e-4.
    /// </summary>
    public static string Number(double number)
    {
        if (double.IsNaN(number))
            return "nan";
        if (double.IsInfinity(number))
            return number > 0 ? "inf" : "-inf";
        string shortest = number.ToString("E16", CultureInfo.InvariantCulture);
        string digits = number.ToString("R", CultureInfo.InvariantCulture);
        int exponent = int.Parse(shortest[(shortest.IndexOf('E') + 1)..], CultureInfo.InvariantCulture);
        if (number != 0 && exponent is < -4 or >= 16)
            return WithExponent(digits);
        if (digits.Contains('E'))
            digits = ((decimal)number).ToString(CultureInfo.InvariantCulture);
        return digits.Contains('.') ? digits : $"{digits}.0";
    }

    private static string WithExponent(string digits)
    {
        int at = digits.IndexOf('E');
        if (at < 0)
        {
            // .NET writes 0.00001 in full.
            bool isNegative = digits.StartsWith('-');
            string plain = digits.TrimStart('-');
            int first = plain.AsSpan().IndexOfAnyInRange('1', '9');
            int power = plain.StartsWith("0.", StringComparison.Ordinal) ? 1 - first : plain.Length - 1;
            string significant = plain.Replace(".", "", StringComparison.Ordinal).Trim('0');
            string mantissa = significant.Length > 1 ? $"{significant[0]}.{significant[1..]}" : significant;
            return $"{(isNegative ? "-" : "")}{mantissa}{Exponent(power)}";
        }

        return $"{digits[..at]}{Exponent(int.Parse(digits[(at + 1)..], CultureInfo.InvariantCulture))}";
    }

    private static string Exponent(int power) =>
        string.Create(CultureInfo.InvariantCulture, $"e{(power < 0 ? '-' : '+')}{Math.Abs(power):00}");

    private static string Quoted(string text)
    {
        char quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        var quoted = new StringBuilder().Append(quote);
        foreach (Rune rune in text.EnumerateRunes())
        {
            quoted.Append(rune.Value switch
            {
                '\\' => @"\\",
                '\n' => @"\n",
                '\r' => @"\r",
                '\t' => @"\t",
                _ when rune.Value == quote => $@"\{quote}",
                < 32 or 127 => string.Create(CultureInfo.InvariantCulture, $@"\x{rune.Value:x2}"),
                _ => rune.ToString(),
            });
        }

        return quoted.Append(quote).ToString();
    }
}
