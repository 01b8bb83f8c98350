using System.Globalization;
using System.Text;

namespace DemEngine.Cli.Output;

/// <summary>Prints errors in the form that scripts expect: the code and the message on one line, then the remedy.</summary>
internal static class ErrorPrinter
{
    public static void Print(ErrorCode code, params IEnumerable<string> messages) => Print(code, Remedies.Of(code), messages);

    public static void Print(ErrorCode code, string remedy, params IEnumerable<string> messages)
    {
        foreach (string message in messages)
            Console.Error.WriteLine($"error {code}: {OneLine(message)}");
        Console.Error.WriteLine($"       {OneLine(remedy)}");
    }

    /// <summary>
    /// Escapes control characters and joins lines, because paths and messages of the system may hold what a terminal would
    /// interpret.
    /// </summary>
    private static string OneLine(string message)
    {
        var line = new StringBuilder(message.Length);
        foreach (char c in message.ReplaceLineEndings(" "))
        {
            if (char.IsControl(c))
                line.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                line.Append(c);
        }

        return line.ToString();
    }
}
