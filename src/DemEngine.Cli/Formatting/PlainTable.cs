using System.Buffers;

namespace DemEngine.Cli.Formatting;

/// <summary>
/// Writes tables without rules, line by line, as the console library would: a table of hundreds of thousands of rows takes that a
/// gigabyte of memory, and most of the time in which a model of as many tensors is inspected.
/// </summary>
internal static class PlainTable
{
    private static readonly SearchValues<char> OneColumn =
        SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(c => (char)c), '×']);

    /// <summary>Whether each character of a table takes one column, and each row one line.</summary>
    public static bool CanPrint(string[][] cells) =>
        cells.Length > 1 && cells.All(row => row.All(cell => !cell.AsSpan().ContainsAnyExcept(OneColumn)));

    /// <summary>Writes a table.</summary>
    /// <param name="output">Where to write it.</param>
    /// <param name="cells">Headings and rows, for which <see cref="CanPrint"/> holds.</param>
    /// <param name="isNumber">Which columns are aligned to the right.</param>
    public static void Print(TextWriter output, string[][] cells, bool[] isNumber)
    {
        int[] widths = [.. isNumber.Select((_, k) => cells.Max(row => row[k].Length))];
        foreach (string[] row in cells)
        {
            // Nothing stands at the end of a line that cannot be seen.
            int last = Array.FindLastIndex(row, cell => cell.Length > 0);
            for (int k = 0; k <= last; k++)
            {
                if (k > 0)
                    output.Write(' ');
                output.Write(isNumber[k] ? row[k].PadLeft(widths[k]) : k == last ? row[k] : row[k].PadRight(widths[k]));
            }

            output.WriteLine();
        }
    }
}
