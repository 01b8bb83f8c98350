using DemEngine.Cli.Formatting;
using Spectre.Console;

namespace DemEngine.Cli.Output;

/// <summary>
/// Prints tables on standard output: ruled on a terminal, plain columns elsewhere. On a terminal that is too narrow, texts are
/// broken between their words, numbers never; where that is not enough, each row becomes a block of lines.
/// </summary>
internal static class TablePrinter
{
    /// <summary>Prints a table.</summary>
    /// <param name="headings">
    /// Headings of the columns. A heading that starts with a blank marks a column of numbers, aligned to the right.
    /// </param>
    /// <param name="rows">Cells of the rows, unescaped; what a terminal would interpret is escaped here.</param>
    public static void Print(IReadOnlyList<string> headings, IEnumerable<IEnumerable<string>> rows) =>
        Print(OutputConsole.Create(), OutputConsole.TerminalWidth, headings, rows);

    /// <summary>Whether a table fits a terminal without any text broken.</summary>
    public static bool Fits(int width, IReadOnlyList<string> headings, IEnumerable<IEnumerable<string>> rows)
    {
        string[][] cells = Cells(headings, rows);
        return TableColumns.Overhead(headings.Count) + Enumerable.Range(0, headings.Count)
            .Sum(k => cells.Max(row => TableColumns.WidthOf(row[k]))) <= width;
    }

    /// <summary>Prints a table on a console.</summary>
    /// <param name="console">Console to print on.</param>
    /// <param name="width">Columns of the terminal; null where it is none.</param>
    /// <param name="headings">Headings of the columns.</param>
    /// <param name="rows">Cells of the rows.</param>
    internal static void Print(
        IAnsiConsole console, int? width, IReadOnlyList<string> headings, IEnumerable<IEnumerable<string>> rows)
    {
        string[][] cells = Cells(headings, rows);
        bool[] numbers = [.. headings.Select(heading => heading.StartsWith(' '))];
        int[]? widths = null;
        if (width is { } columns)
        {
            if (TableColumns.Fit(columns, numbers, cells) is not { } fit)
            {
                PrintBlocks(console, cells, numbers);
                return;
            }

            (widths, cells) = fit;
        }

        if (width is null && PlainTable.CanPrint(cells))
        {
            PlainTable.Print(console.Profile.Out.Writer, cells, numbers);
            return;
        }

        var table = new Table { Border = width is not null ? TableBorder.Simple : TableBorder.None };
        for (int k = 0; k < headings.Count; k++)
        {
            var column = new TableColumn(new Text(cells[0][k]));
            if (widths is not null)
                column.Width = widths[k];
            table.AddColumn(numbers[k] ? column.RightAligned() : column);
        }

        foreach (string[] row in cells.Skip(1))
            table.AddRow(row.Select(cell => new Text(cell)));
        console.Write(table);
    }

    /// <summary>
    /// Prints each row as a block: the first cell that is no number, and below it every other with its heading, further in than
    /// the first.
    /// </summary>
    private static void PrintBlocks(IAnsiConsole console, string[][] cells, bool[] numbers)
    {
        int title = Math.Max(0, Array.IndexOf(numbers, false));
        int[] others = [.. Enumerable.Range(0, numbers.Length).Where(k => k != title)];
        if (cells[0][title].Length > 0)
            console.Profile.Out.Writer.WriteLine(cells[0][title]);
        int heading = others.Select(k => TableColumns.WidthOf(cells[0][k])).DefaultIfEmpty(0).Max();
        foreach (string[] row in cells.Skip(1))
        {
            console.Profile.Out.Writer.WriteLine(row[title]);
            string indent = new(' ', row[title].Length - row[title].TrimStart(' ').Length + 2);
            foreach (int k in others.Where(k => row[k].Length > 0))
                console.Profile.Out.Writer.WriteLine($"{indent}{cells[0][k].PadRight(heading)}  {row[k]}");
        }
    }

    /// <summary>Headings and rows as they are shown; the headings come first.</summary>
    private static string[][] Cells(IReadOnlyList<string> headings, IEnumerable<IEnumerable<string>> rows) =>
    [
        [.. headings.Select(heading => Printable.Text(heading.TrimStart()))],
        .. rows.Select(row => row.Select(Printable.Text).ToArray()),
    ];
}
