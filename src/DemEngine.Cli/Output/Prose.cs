using System.Text;

namespace DemEngine.Cli.Output;

/// <summary>Prints sentences: on a terminal broken between words, elsewhere on one line.</summary>
internal static class Prose
{
    private const int Narrowest = 20;

    /// <summary>Prints a sentence or a few on standard output.</summary>
    /// <param name="text">Text without line ends.</param>
    /// <param name="indent">What each line but the first begins with on a terminal.</param>
    public static void Print(string text, string indent = "") =>
        Console.Out.WriteLine(OutputConsole.TerminalWidth is { } width ? Wrap(text, width, indent) : text);

    /// <summary>Prints paragraphs and lists on standard output.</summary>
    /// <param name="text">Lines as they are printed where there is no terminal.</param>
    public static void PrintLines(string text) =>
        Console.Out.WriteLine(OutputConsole.TerminalWidth is { } width ? Reflow(text, width) : text);

    /// <summary>
    /// Sets lines anew for a width. Those that follow each other are one paragraph, but for lines that are indented or have
    /// columns: these stay lines, and go on below their last column.
    /// </summary>
    /// <param name="text">The lines.</param>
    /// <param name="width">Columns of a line.</param>
    public static string Reflow(string text, int width)
    {
        var lines = new List<string>();
        bool isOpen = false;
        foreach (string line in text.ReplaceLineEndings("\n").Split('\n'))
        {
            bool isAlone = line.Length == 0 || line[0] == ' ' || line.Contains("  ", StringComparison.Ordinal);
            if (isOpen && !isAlone)
                lines[^1] += $" {line}";
            else
                lines.Add(line);
            isOpen = !isAlone;
        }

        return string.Join('\n', lines.Select(line => Wrap(line, width, IndentOf(line, width))));
    }

    private static string IndentOf(string line, int width)
    {
        int column = line.LastIndexOf("  ", StringComparison.Ordinal) is >= 0 and var at ? at + 2 : 0;
        return new string(' ', column > width / 2 ? 4 : column);
    }

    /// <summary>Prints a sentence or a few on standard error, where what is no result goes.</summary>
    /// <param name="text">Text without line ends.</param>
    /// <param name="indent">What each line but the first begins with on a terminal.</param>
    public static void Tell(string text, string indent = "") => Console.Error.WriteLine(
        !Console.IsErrorRedirected && OutputConsole.TerminalWidth is { } width ? Wrap(text, width, indent) : text);

    /// <summary>Breaks a text into lines between its words. A word that is longer than a line has a line of its own.</summary>
    /// <param name="text">Text without line ends.</param>
    /// <param name="width">Columns of a line.</param>
    /// <param name="indent">What each line but the first begins with.</param>
    public static string Wrap(string text, int width, string indent = "")
    {
        if (text.Length <= width || width < Narrowest)
            return text;
        var wrapped = new StringBuilder(text.Length + 16);
        int column = 0;
        bool begun = false;
        foreach (string word in text.Split(' '))
        {
            if (column > indent.Length && column + 1 + word.Length > width)
            {
                wrapped.Append('\n').Append(indent);
                column = indent.Length;
            }
            else if (begun)
            {
                wrapped.Append(' ');
                column++;
            }

            wrapped.Append(word);
            column += word.Length;
            begun = true;
        }

        return wrapped.ToString();
    }
}
