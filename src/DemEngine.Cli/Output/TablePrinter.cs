using DemEngine.Cli.Formatting;
using Spectre.Console;

namespace DemEngine.Cli.Output;

/// <summary>Tables on standard output: ruled on a terminal, plain columns elsewhere.</summary>
internal static class TablePrinter
{
    /// <summary>Prints a table.</summary>
    /// <param name="headings">Of the columns; one that starts with a blank is that of a column of numbers, aligned to the right.</param>
    /// <param name="rows">The cells, with text as it is; what a terminal would obey is escaped here.</param>
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
