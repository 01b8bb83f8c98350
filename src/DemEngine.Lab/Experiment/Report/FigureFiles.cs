using DemEngine.Files;
using DemEngine.Lab.Charts;
using DemEngine.Lab.Experiment.Results;

namespace DemEngine.Lab.Experiment.Report;

/// <summary>
/// Writes the figures of an experiment as pictures of their own, which follow the viewer's light or dark setting.
/// </summary>
internal static class FigureFiles
{
    /// <summary>Name of the pictures' folder in an experiment's folder.</summary>
    public const string FolderName = "figures";

    private const double Margin = 16;
    private const double Gap = 18;
    private const double KeyHeight = 20;
    private const double LetterWidth = 6.4;

    private const string Style = """
        <style>
        .title { font-size: 12.5px; font-weight: 600; }
        .grid { stroke: #d1d9e0; stroke-width: .6; fill: none; }
        .axis { stroke: #59636e; fill: none; }
        .level { stroke: #59636e; stroke-dasharray: 4 3; fill: none; }
        path.mean { stroke: #1f2328; stroke-width: 2.4; fill: none; }
        @media (prefers-color-scheme: dark) {
        .grid { stroke: #3d444d; }
        .axis, .level { stroke: #9198a1; }
        path.mean { stroke: #e6edf3; }
        }
        </style>
        """;

    /// <summary>Writes the pictures.</summary>
    /// <param name="folder">Folder of the experiment.</param>
    /// <param name="results">Results of the experiment.</param>
    /// <exception cref="DemException">DEM4001, DEM4002 (DiskFull, WriteFailed): a picture cannot be written.</exception>
    public static void Write(string folder, ExperimentResults results)
    {
        string figures = Path.Combine(folder, FolderName);
        try
        {
            Directory.CreateDirectory(figures);
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, figures);
        }

        foreach (var (name, picture) in Pictures(results))
            ReportFile.Write(Path.Combine(figures, $"{name}.svg"), picture);
    }

    /// <summary>Makes the pictures, by their names.</summary>
    public static IEnumerable<(string Name, string Picture)> Pictures(ExperimentResults results)
    {
        ResultTable table = results.Tables[0];
        string[] methods = [.. table.Rows.Where(row => row.Kind != MethodKind.Base).Select(row => row.Name)];
        if (results.Life.Length > 0)
        {
            yield return ("life", Compose(
                "What a family of models costs as it changes, against how well it serves its sources",
                [[Charts.Life(results)]],
                Charts.LifeMethods(results)));
        }

        yield return ("methods", Compose(
            "Share of right answers of each method on each source",
            [[Charts.Matrix(
                $"Right answers on test data, of 1: {table.Name.ToLowerInvariant()}",
                [.. table.Rows.Select(row => row.Name)],
                [.. table.Columns.Take(table.Averaged), "mean"],
                [.. table.Rows.Select(row => (IReadOnlyList<double>)Shares(row, table.Averaged))],
                ColourScale.Sequential)]],
            []));
        yield return ("cost", Compose(
            "Right answers of each method over the operations that it took",
            [[Charts.CostAndQuality(table, results.Parameters)]],
            methods));
        if (results.Curves.Length > 0)
        {
            yield return ("coefficients", Compose(
                "Validation loss over each coefficient",
                [.. results.Curves.Select(Charts.Curve).Chunk(2)],
                [.. results.Curves[0].Lines.Take(Math.Max(1, results.Curves[0].Lines.Length - 1)).Select(line => line.Name)]));
        }

        VectorGeometry geometry = results.Geometry;
        yield return ("vectors", Compose(
            "Distances of the tuned models to the base, layer by layer, and cosines between their changes",
            [[
                Charts.Matrix(
                    "Distance to the base, of the largest layer",
                    geometry.Layers,
                    geometry.Models,
                    [.. geometry.Shares.Select(row => (IReadOnlyList<double>)row)],
                    ColourScale.Sequential),
                Charts.Matrix(
                    "Cosines between the changes",
                    geometry.Models,
                    geometry.Models,
                    [.. geometry.Cosines.Select(row => (IReadOnlyList<double>)row)],
                    ColourScale.Diverging),
            ]],
            []));
    }

    private static double[] Shares(MethodResult row, int averaged)
    {
        double[] means = [.. Enumerable.Range(0, averaged).Select(c => row.Runs.Average(run => run.ExactMatch[c]))];
        return [.. means, means.Average()];
    }

    /// <summary>Puts figures side by side in rows, and the names of the series below.</summary>
    private static string Compose(string title, SvgText[][] rows, IReadOnlyList<string> series)
    {
        double width = (2 * Margin) + rows.Max(row => row.Sum(one => one.Width) + ((row.Length - 1) * Gap));
        var keys = new List<(string Name, double X, double Y)>();
        double bottom = Margin + rows.Sum(row => row.Max(one => one.Height) + Gap);
        (double x, double y) = (Margin, bottom);
        foreach (string name in series)
        {
            double length = 34 + (name.Length * LetterWidth);
            if (x + length > width - Margin && x > Margin)
                (x, y) = (Margin, y + KeyHeight);
            keys.Add((name, x, y));
            x += length;
        }

        double height = (series.Count > 0 ? y + KeyHeight : bottom - Gap) + Margin;
        var svg = SvgText.File(Math.Ceiling(width), Math.Ceiling(height), title, Style);
        double top = Margin;
        foreach (SvgText[] row in rows)
        {
            double left = Margin;
            foreach (SvgText one in row)
            {
                svg.Raw($"<g transform=\"translate({left:0.##} {top:0.##})\">\n{one}</g>");
                left += one.Width + Gap;
            }

            top += row.Max(one => one.Height) + Gap;
        }

        foreach (var (key, k) in keys.Select((key, k) => (key, k)))
        {
            Series.Mark(svg, k, key.X + 8, key.Y + 6, 4.2);
            svg.Text(key.X + 18, key.Y + 10, key.Name);
        }

        return svg.End();
    }
}
