using System.Globalization;
using DemEngine.Adapters;
using DemEngine.Lab.Charts;

namespace DemEngine.Cli.Pictures;

/// <summary>
/// Draws the share of each change that an adapter holds as a heat map in SVG: one row for each layer, one column for each of its
/// matrices. The file needs no font and no script, and shows exact numbers when pointed at.
/// </summary>
internal static class AdapterHeatMap
{
    private const double Margin = 16;
    private const double LetterWidth = 6.6;
    private const double ColumnWidth = 62;
    private const double RowHeight = 20;

    /// <summary>Returns the text of the SVG file.</summary>
    public static string Write(WrittenAdapter adapter)
    {
        ILookup<string, ModuleFit> layers = adapter.Modules.Select(module => module.Fit)
            .ToLookup(fit => LayerOf(fit.Tensor), StringComparer.Ordinal);
        string[] columns =
        [
            .. adapter.Modules.Select(module => MatrixOf(module.Fit.Tensor)).Distinct(StringComparer.Ordinal),
        ];
        string[] names = [.. layers.Select(layer => layer.Key)];
        double slant = columns.Select(name => name.Length).DefaultIfEmpty().Max() * LetterWidth * ColourCells.Slant;
        double left = Margin + (names.Select(name => name.Length).DefaultIfEmpty().Max() * LetterWidth) + 10;
        double top = 70 + slant;
        double width = Math.Ceiling(Math.Max(left + (columns.Length * ColumnWidth) + slant + Margin, 470));
        SvgText svg = SvgText.File(
            width, Math.Ceiling(top + (names.Length * RowHeight) + 40), "Share of each change that the adapter holds");
        svg.Text(Margin, 28, "Share of each change’s ‖Δ‖² that the adapter holds", "class=\"heading\"");
        svg.Text(
            Margin,
            46,
            string.Create(CultureInfo.InvariantCulture, $"{100 * adapter.Energy:0.##} % of the whole; one row a layer"),
            "class=\"faint\"");
        for (int column = 0; column < columns.Length; column++)
            ColourCells.Head(svg, columns[column], left + ((column + 0.5) * ColumnWidth), top - 8, columns[column]);
        for (int row = 0; row < names.Length; row++)
        {
            double y = top + (row * RowHeight);
            svg.Text(left - 8, y + (RowHeight / 2) + 4, names[row], "text-anchor=\"end\"");
            foreach (ModuleFit fit in layers[names[row]])
                ColourCells.Cell(
                    svg,
                    ColourScale.Sequential,
                    fit.Energy,
                    left + (Array.IndexOf(columns, MatrixOf(fit.Tensor)) * ColumnWidth),
                    y,
                    ColumnWidth,
                    RowHeight,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{fit.Tensor}: rank {fit.Rank}, {100 * fit.Energy:0.###} % kept, error {fit.Error:g4}, "
                        + $"‖Δ‖ {fit.Norm:g5}"));
        }

        return svg.End();
    }

    private static string MatrixOf(string tensor)
    {
        string module = ModuleOf(tensor);
        return module[(module.LastIndexOf('.') + 1)..];
    }

    // The layer is what stands before the number of a layer, and the number; modules outside layers have rows of their own.
    private static string LayerOf(string tensor)
    {
        string[] words = ModuleOf(tensor).Split('.');
        int number = Array.FindIndex(words, word => word.Length > 0 && word.All(char.IsAsciiDigit));
        return number < 0 ? ModuleOf(tensor) : string.Join('.', words.Take(number + 1));
    }

    private static string ModuleOf(string tensor) => tensor.LastIndexOf('.') is > 0 and int dot ? tensor[..dot] : tensor;
}
