using DemEngine.Errors;

namespace DemEngine.Cli.Output;

/// <summary>
/// Prints errors in the form that scripts expect: the code and the message on one line, then the remedy. On a terminal both are
/// broken between words.
/// </summary>
internal static class ErrorPrinter
{
    private const int LongestMessage = 4000;
    private const string Indent = "       ";

    public static void Print(ErrorCode code, params IEnumerable<string> messages) => Print(code, Remedies.Of(code), messages);

    public static void Print(ErrorCode code, string remedy, params IEnumerable<string> messages)
    {
        foreach (string message in messages)
            Prose.Tell($"error {code}: {OneLine(message)}", Indent);
        Prose.Tell(Indent + OneLine(remedy), Indent);
    }

    /// <summary>Breaks a line between words, and indents what follows as a remedy is.</summary>
    /// <param name="line">The line.</param>
    /// <param name="width">Columns of the terminal.</param>
    public static string Broken(string line, int width) => Prose.Wrap(line, width, Indent);

    /// <summary>
    /// Joins lines and escapes what a terminal would interpret, because paths, files and messages of the system may hold it.
    /// </summary>
    private static string OneLine(string message) => Quoted.Plain(message.ReplaceLineEndings(" "), LongestMessage);
}
