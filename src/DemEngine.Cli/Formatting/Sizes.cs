using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace DemEngine.Cli.Formatting;

/// <summary>Formats and parses numbers of bytes in the form in which people write them.</summary>
internal static class Sizes
{
    private static readonly (string Suffix, double Factor)[] Units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
        ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("B", 1),
    ];

    /// <summary>Makes an option that takes a size such as <c>512MB</c>, <c>1.5GiB</c> or a plain number of bytes.</summary>
    public static Option<long> Option(string name, string description, long defaultBytes) => new(name)
    {
        Description = $"{description} Default {Format(defaultBytes)}.",
        HelpName = "size",
        DefaultValueFactory = _ => defaultBytes,
        CustomParser = Parse,
    };

    /// <summary>Formats a size with three significant digits and a decimal unit.</summary>
    public static string Format(double bytes)
    {
        string[] names = ["B", "KB", "MB", "GB", "TB", "PB"];
        int unit = 0;
        for (; bytes >= 999.5 && unit + 1 < names.Length; unit++)
            bytes /= 1000;
        string number = bytes.ToString(
            unit == 0 || bytes >= 99.95 ? "0" : bytes >= 9.995 ? "0.0" : "0.00", CultureInfo.InvariantCulture);
        return $"{number} {names[unit]}";
    }

    private static long Parse(ArgumentResult result)
    {
        string text = result.Tokens.Count == 1 ? result.Tokens[0].Value.Trim() : "";
        double factor = 1;
        foreach (var (suffix, unit) in Units)
        {
            if (text.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
            {
                text = text[..^suffix.Length].TrimEnd();
                factor = unit;
                break;
            }
        }

        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
            && number * factor is >= 1 and < long.MaxValue)
        {
            return (long)(number * factor);
        }

        result.Refuse($"'{result.Tokens.FirstOrDefault()?.Value}' is not a size such as 512MB, 1.5GiB or a number of bytes");
        return 0;
    }
}
