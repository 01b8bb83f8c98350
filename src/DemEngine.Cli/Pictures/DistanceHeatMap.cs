using DemEngine.Analysis;
using DemEngine.Lab.Charts;

namespace DemEngine.Cli.Pictures;

/// <summary>
/// Draws <see cref="LayerDistances"/> as a heat map in SVG: one row for each layer, one column for each model, and beside it the
/// cosines between the models. The file needs no font and no script, shows exact numbers when pointed at, and follows the
/// viewer's light or dark setting.
/// </summary>
internal static class DistanceHeatMap
{
    private const double Margin = 16;
    private const double LetterWidth = 6.6;
    private const double ColumnWidth = 62;
    private const double Top = 64;
    private const double BarWidth = 12;
    private const double BarRoom = 56;
    private const int LongestLayerName = 34;
    private const int LongestModelName = 22;

    /// <summary>Returns the text of the SVG file.</summary>
    public static string Write(LayerDistances distances)
    {
        int models = distances.Models.Length;
        int layers = distances.Layers.Length;
        string[] layerNames = [.. distances.Layers.Select(layer => SvgText.Shorten(layer.Name, LongestLayerName))];
        string[] modelNames = [.. distances.Models.Select(model => SvgText.Shorten(model.Label, LongestModelName))];

        // Slanted model names need as much space above and to the right as the longest of them takes.
        double slant = modelNames.Max(name => name.Length) * LetterWidth * ColourCells.Slant;
        double left = Margin + Math.Max(14, layerNames.Select(name => name.Length).DefaultIfEmpty().Max()) * LetterWidth + 10;
        double top = Top + slant + 10;
        double rowHeight = layers <= 30 ? 22 : layers <= 50 ? 18 : 15;
        double mapWidth = models * ColumnWidth;
        double mapHeight = layers * rowHeight;
        double mapBar = left + mapWidth + 16;

        // A single model has no angle to another one.
        double matrixNames = modelNames.Max(name => name.Length) * LetterWidth;
        double matrixLeft = mapBar + BarRoom + Math.Max(24, slant - mapWidth - BarRoom) + matrixNames;
        double matrixSize = models > 1 ? models * ColumnWidth * 0.8 : 0;
        double right = models > 1 ? matrixLeft + matrixSize + 16 + BarRoom : mapBar + BarRoom;
        double width = Math.Ceiling(Math.Max(right + (models > 1 ? Math.Max(0, slant - BarRoom - 16) : slant), 470) + Margin);
        double height = Math.Ceiling(top + Math.Max(mapHeight + 56, Math.Max(matrixSize, models > 1 ? 100 : 0) + 16) + Margin);

        string labels = string.Join(", ", distances.Models.Select(model => model.Label));
        SvgText svg = SvgText.File(width, height, $"Distance of {labels} to {distances.Base}, layer by layer");
        svg.Text(Margin, 28, "Distance to the base, layer by layer", "class=\"heading\"");
        svg.Text(Margin, 46, "‖Δ‖ as a share of each model’s largest layer", "class=\"faint\"");

        svg.Text(left - 8, top - 8, "layer ↓  model →", "text-anchor=\"end\" class=\"faint\"");
        ModelNames(svg, distances, modelNames, left, top, ColumnWidth);
        Map(svg, distances, layerNames, left, top, rowHeight);
        Totals(svg, distances, left, top + mapHeight);
        Bar(
            svg,
            "dem-shares",
            ColourScale.Sequential,
            mapBar,
            top,
            Math.Min(220, Math.Max(mapHeight, 88)),
            [0, 0.25, 0.5, 0.75, 1]);
        if (models > 1)
        {
            svg.Text(matrixLeft - matrixNames, 46, "cosine between the models’ Δ", "class=\"faint\"");
            ModelNames(svg, distances, modelNames, matrixLeft, top, matrixSize / models);
            Matrix(svg, distances, modelNames, matrixLeft, top, matrixSize / models);
            Bar(
                svg,
                "dem-cosines",
                ColourScale.Diverging,
                matrixLeft + matrixSize + 16,
                top,
                Math.Max(88, Math.Min(220, matrixSize)),
                [-1, -0.5, 0, 0.5, 1]);
        }

        return svg.End();
    }

    private static void ModelNames(SvgText svg, LayerDistances distances, string[] names, double left, double top, double step)
    {
        for (int m = 0; m < names.Length; m++)
            ColourCells.Head(svg, names[m], left + ((m + 0.5) * step), top - 8, distances.Models[m].Path);
    }

    private static void Map(SvgText svg, LayerDistances distances, string[] names, double left, double top, double rowHeight)
    {
        for (int l = 0; l < names.Length; l++)
        {
            LayerDistance layer = distances.Layers[l];
            double y = top + (l * rowHeight);
            svg.Text(
                left - 8,
                y + (rowHeight / 2) + 4,
                names[l],
                "text-anchor=\"end\"",
                $"{layer.Name}: {layer.Tensors} tensors, {layer.Parameters} parameters");
            for (int m = 0; m < distances.Models.Length; m++)
            {
                double share = distances.Normalised(l, m);
                ColourCells.Cell(
                    svg,
                    ColourScale.Sequential,
                    share,
                    left + (m * ColumnWidth),
                    y,
                    ColumnWidth,
                    rowHeight,
                    $"{layer.Name}, {distances.Models[m].Label}: ‖Δ‖ = {layer.Distances[m]:g6}, {share:0.0000}"
                    + " of the largest, ‖Δ‖/‖Θ‖ = "
                    + $"{layer.RelativeChanges[m]:g4}");
            }
        }
    }

    private static void Matrix(SvgText svg, LayerDistances distances, string[] names, double left, double top, double size)
    {
        for (int i = 0; i < names.Length; i++)
        {
            svg.Text(left - 8, top + ((i + 0.5) * size) + 4, names[i], "text-anchor=\"end\"", distances.Models[i].Path);
            for (int j = 0; j < names.Length; j++)
            {
                double cosine = distances.Whole.Cosines[i][j];
                ColourCells.Cell(
                    svg, ColourScale.Diverging, cosine, left + (j * size), top + (i * size), size, size,
                    $"{distances.Models[i].Label}, {distances.Models[j].Label}: cosine {cosine:0.000000;−0.000000;0.000000}");
            }
        }
    }

    private static void Totals(SvgText svg, LayerDistances distances, double left, double top)
    {
        svg.Raw($"<path class=\"rule\" d=\"M{left:0.##} {top + 6:0.##}h{distances.Models.Length * ColumnWidth:0.##}\"/>");
        svg.Text(
            left - 8,
            top + 24,
            "all: ‖Δ‖",
            "text-anchor=\"end\"",
            $"{distances.Whole.Tensors} tensors, {distances.Whole.Parameters} parameters");
        svg.Text(left - 8, top + 42, "all: ‖Δ‖/‖Θ‖", "text-anchor=\"end\"");
        for (int m = 0; m < distances.Models.Length; m++)
        {
            double x = left + ((m + 0.5) * ColumnWidth);
            svg.Text(x, top + 24, $"{distances.Whole.Distances[m]:g4}", "text-anchor=\"middle\"");
            svg.Text(x, top + 42, $"{distances.Whole.RelativeChanges[m]:0.00 %}", "text-anchor=\"middle\"");
        }
    }

    private static void Bar(SvgText svg, string id, ColourScale scale, double x, double y, double height, double[] ticks)
    {
        svg.Raw($"<linearGradient id=\"{id}\" x1=\"0\" y1=\"1\" x2=\"0\" y2=\"0\">");
        foreach (var (offset, colour) in scale.Stops)
            svg.Raw($"<stop offset=\"{offset:0.####}\" stop-color=\"{colour}\"/>");
        svg.Raw("</linearGradient>");
        svg.Rectangle(x, y, BarWidth, height, $"fill=\"url(#{id})\"");
        foreach (double tick in ticks)
        {
            double at = y + ((scale.To - tick) / (scale.To - scale.From) * height);
            svg.Raw($"<path class=\"rule\" d=\"M{x + BarWidth:0.##} {at:0.##}h4\"/>");
            svg.Text(x + BarWidth + 7, at + 4, (tick < 0 ? "−" : "") + $"{Math.Abs(tick):0.##}");
        }
    }
}
