using System.Text;
using System.Text.RegularExpressions;

namespace DemEngine.Recipes.Text;

/// <summary>
/// Writes texts as YAML scalars that YAML 1.1 and 1.2 readers understand alike: what could be read as something else is quoted.
/// </summary>
internal static partial class YamlScalar
{
    private static readonly HashSet<string> Words11 =
        new(["y", "n", "yes", "no", "on", "off", "true", "false", "null"], StringComparer.OrdinalIgnoreCase);

    /// <summary>Returns the scalar, on one line.</summary>
    public static string Write(string text)
    {
        if (Safe().IsMatch(text) && !Words11.Contains(text)) return text;
        var quoted = new StringBuilder("\"");
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (rune.Value is '"' or '\\') quoted.Append('\\').Append(rune);
            else if (rune.Value is >= 0x20 and < 0x7F || (rune.IsBmp && Rune.IsLetterOrDigit(rune))) quoted.Append(rune);
            else if (rune.IsBmp) quoted.Append($"\\u{rune.Value:X4}");
            else quoted.Append($"\\U{rune.Value:X8}");
        }

        return quoted.Append('"').ToString();
    }

    [GeneratedRegex(@"\A(\.{0,2}/|[A-Za-z_])[A-Za-z0-9_./-]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Safe();
}
