using DemEngine.Errors;

namespace DemEngine.Cli.Output;

/// <summary>Prints errors in the form that scripts expect: the code and the message on one line, then the remedy.</summary>
internal static class ErrorPrinter
{
    private const int LongestMessage = 4000;

    public static void Print(ErrorCode code, params IEnumerable<string> messages) => Print(code, Remedies.Of(code), messages);

    public static void Print(ErrorCode code, string remedy, params IEnumerable<string> messages)
    {
        foreach (string message in messages)
            Console.Error.WriteLine($"error {code}: {OneLine(message)}");
        Console.Error.WriteLine($"       {OneLine(remedy)}");
    }

    /// <summary>
    /// Joins lines and escapes what a terminal would interpret, because paths, files and messages of the system may hold it.
    /// </summary>
    private static string OneLine(string message) => Quoted.Plain(message.ReplaceLineEndings(" "), LongestMessage);
}
