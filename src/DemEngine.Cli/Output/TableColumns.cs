namespace DemEngine.Cli.Output;

/// <summary>Divides a terminal's width among the columns of a table.</summary>
internal static class TableColumns
{
    private const int OverheadOfColumn = 3;

    // Names of tensors, models and data sets are broken here, too, and keep the character before the break.
    private static readonly char[] Breaks = [' ', '-', '/', '_', '.', ','];

    /// <summary>What rules and margins take.</summary>
    public static int Overhead(int columns) => (OverheadOfColumn * columns) + 1;

    /// <summary>Columns that a text takes on a terminal. East Asian characters take two.</summary>
    public static int WidthOf(string text) => text.Sum(c => c >= 0x1100 ? 2 : 1);

    /// <summary>Gives each column its width.</summary>
    /// <param name="width">Columns of the terminal.</param>
    /// <param name="isNumber">Which columns have numbers, which are never broken.</param>
    /// <param name="cells">Headings and rows.</param>
    /// <returns>The widths; null if the table does not fit without a broken word or number.</returns>
    public static int[]? Divide(int width, bool[] isNumber, string[][] cells)
    {
        int room = width - Overhead(isNumber.Length);
        int[] full = [.. isNumber.Select((_, k) => cells.Max(row => WidthOf(row[k])))];
        int[] least =
        [
            .. isNumber.Select((number, k) => Math.Max(
                LongestPiece(cells[0][k]),
                cells.Skip(1).Select(row => number ? WidthOf(row[k]) : LongestPiece(row[k])).DefaultIfEmpty(0).Max())),
        ];
        if (least.Sum() > room)
            return null;

        // The widest column gives first, as long as there is one that can.
        int[] widths = [.. full];
        while (widths.Sum() > room)
        {
            int widest = Enumerable.Range(0, widths.Length).Where(k => widths[k] > least[k]).MaxBy(k => widths[k]);
            widths[widest]--;
        }

        return widths;
    }

    /// <summary>Breaks a text into lines of a width, between its words.</summary>
    public static IEnumerable<string> Break(string text, int width)
    {
        string line = "";
        foreach (string piece in Pieces(text))
        {
            if (line.Length > 0 && WidthOf(line) + WidthOf(piece.TrimEnd()) > width)
            {
                yield return line.TrimEnd();
                line = "";
            }

            line += piece;
        }

        yield return line.TrimEnd();
    }

    private static int LongestPiece(string text) => Pieces(text).Select(piece => WidthOf(piece.TrimEnd())).DefaultIfEmpty(0).Max();

    private static IEnumerable<string> Pieces(string text)
    {
        for (int from = 0; from < text.Length;)
        {
            int at = text.IndexOfAny(Breaks, from);
            int next = at < 0 ? text.Length : at + 1;
            yield return text[from..next];
            from = next;
        }
    }
}
