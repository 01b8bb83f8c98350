using DemEngine.Errors;
using DemEngine.Stores;

namespace DemEngine.Cli.Formatting;

/// <summary>Makes text from files fit for a terminal: one line, and no characters that a terminal would interpret.</summary>
internal static class Printable
{
    /// <summary>
    /// Returns the text with such characters escaped, and with addresses in place of the local paths that stand for them.
    /// </summary>
    public static string Text(string text) => Quoted.Plain(StoreCopies.WithAddresses(text));
}
