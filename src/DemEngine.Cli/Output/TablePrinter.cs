using DemEngine.Cli.Formatting;
using Spectre.Console;

namespace DemEngine.Cli.Output;

/// <summary>Prints tables on standard output: ruled on a terminal, plain columns elsewhere.</summary>
internal static class TablePrinter
{
    /// <summary>Prints a table.</summary>
    /// <param name="headings">
    /// Headings of the columns. A heading that starts with a blank marks a column of numbers, aligned to the right.
    /// </param>
    /// <param name="rows">Cells of the rows, unescaped; what a terminal would interpret is escaped here.</param>
    public static void Print(IReadOnlyList<string> headings, IEnumerable<IEnumerable<string>> rows)
    {
        IAnsiConsole console = OutputConsole.Create();
        var table = new Table { Border = console.Profile.Out.IsTerminal ? TableBorder.Simple : TableBorder.None };
        foreach (string heading in headings)
        {
            var column = new TableColumn(new Text(Printable.Text(heading.TrimStart())));
            table.AddColumn(heading.StartsWith(' ') ? column.RightAligned() : column);
        }

        foreach (IEnumerable<string> row in rows)
            table.AddRow(row.Select(cell => new Text(Printable.Text(cell))));
        console.Write(table);
    }
}
