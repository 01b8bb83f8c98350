using System.Globalization;
using System.Text;

namespace DemEngine.Cli.Formatting;

/// <summary>Makes text from files fit for a terminal: one line, and no characters that a terminal would interpret.</summary>
internal static class Printable
{
    public static string Text(string text)
    {
        var printable = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            if (char.IsControl(c)
                || char.GetUnicodeCategory(c) is UnicodeCategory.Format
                    or UnicodeCategory.LineSeparator
                    or UnicodeCategory.ParagraphSeparator)
                printable.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                printable.Append(c);
        }

        return printable.ToString();
    }
}
