namespace DemEngine.Cli.Output;

/// <summary>Divides a terminal's width among the columns of a table.</summary>
internal static class TableColumns
{
    private const int OverheadOfColumn = 3;

    // A name in more pieces than these is no longer read as one.
    private const int MostLinesOfName = 2;

    private static readonly char[] Blanks = [' '];

    // Where nothing else helps, names of tensors, models and data sets are broken here, and keep the character before the break.
    private static readonly char[] Signs = [' ', '-', '/', '_', '.', ','];

    /// <summary>What rules and margins take.</summary>
    public static int Overhead(int columns) => (OverheadOfColumn * columns) + 1;

    /// <summary>Columns that a text takes on a terminal. East Asian characters take two.</summary>
    public static int WidthOf(string text) => text.Sum(c => c >= 0x1100 ? 2 : 1);

    /// <summary>
    /// Gives each column its width and breaks its texts: between words, and where that is not enough, after signs in them.
    /// </summary>
    /// <param name="width">Columns of the terminal.</param>
    /// <param name="isNumber">Which columns have numbers, which are never broken.</param>
    /// <param name="cells">Headings and rows.</param>
    /// <returns>The widths, and the cells with line ends; null if the table does not fit without a broken word or
    /// number, or a name in many pieces.</returns>
    public static (int[] Widths, string[][] Cells)? Fit(int width, bool[] isNumber, string[][] cells)
    {
        foreach (char[] breaks in new[] { Blanks, Signs })
        {
            if (Divide(width - Overhead(isNumber.Length), isNumber, cells, breaks) is not { } widths)
                continue;
            string[][] broken =
            [
                .. cells.Select(row => row.Select((text, k) => string.Join('\n', Break(text, widths[k], breaks))).ToArray()),
            ];
            if (!Enumerable.Range(0, cells.Length).Any(k => IsInManyPieces(cells[k][0], broken[k][0])))
                return (widths, broken);
        }

        return null;
    }

    private static bool IsInManyPieces(string name, string broken) =>
        !name.Trim().Contains(' ', StringComparison.Ordinal) && broken.Count('\n') >= MostLinesOfName;

    private static int[]? Divide(int room, bool[] isNumber, string[][] cells, char[] breaks)
    {
        int[] least =
        [
            .. isNumber.Select((number, k) => Math.Max(
                LongestPiece(cells[0][k], breaks),
                cells.Skip(1).Select(row => number ? WidthOf(row[k]) : LongestPiece(row[k], breaks)).DefaultIfEmpty(0).Max())),
        ];
        if (least.Sum() > room)
            return null;

        // The widest column gives first, as long as there is one that can.
        int[] widths = [.. isNumber.Select((_, k) => cells.Max(row => WidthOf(row[k])))];
        while (widths.Sum() > room)
        {
            int widest = Enumerable.Range(0, widths.Length).Where(k => widths[k] > least[k]).MaxBy(k => widths[k]);
            widths[widest]--;
        }

        return widths;
    }

    private static IEnumerable<string> Break(string text, int width, char[] breaks)
    {
        string line = "";
        foreach (string piece in Pieces(text, breaks))
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

    private static int LongestPiece(string text, char[] breaks) =>
        Pieces(text, breaks).Select(piece => WidthOf(piece.TrimEnd())).DefaultIfEmpty(0).Max();

    private static IEnumerable<string> Pieces(string text, char[] breaks)
    {
        for (int from = 0; from < text.Length;)
        {
            int at = text.IndexOfAny(breaks, from);
            int next = at < 0 ? text.Length : at + 1;
            yield return text[from..next];
            from = next;
        }
    }
}
