using System.Text;
using DemEngine.Lab.Charts;
using DemEngine.Lab.Experiment.Results;

namespace DemEngine.Lab.Experiment.Report;

/// <summary>
/// Writes an experiment as one HTML page that contains its figures. The page needs no network when opened from a file, can be
/// read on a phone and on paper, and follows the viewer's light or dark setting.
/// </summary>
public static class HtmlReport
{
    /// <summary>Name of the page's file in an experiment's folder.</summary>
    public const string FileName = "report.html";

    private const string Head = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        """;

    private const string Style = """
        <style>
        :root { color-scheme: light dark; --paper: #ffffff; --ink: #1f2328; --faint: #59636e; --rule: #d1d9e0; }
        :root { --band: #f6f8fa; --best: #dafbe1; }
        @media (prefers-color-scheme: dark) {
          :root { --paper: #0d1117; --ink: #e6edf3; --faint: #9198a1; --rule: #3d444d; --band: #161b22; --best: #12361f; }
        }
        * { box-sizing: border-box; }
        body { margin: 0 auto; padding: 1rem; max-width: 72rem; background: var(--paper); color: var(--ink); }
        body { font: 16px/1.5 ui-sans-serif, system-ui, "Segoe UI", "DejaVu Sans", Arial, sans-serif; }
        h1 { font-size: 1.6rem; line-height: 1.2; margin: .5rem 0; }
        h2 { font-size: 1.2rem; margin: 2.2rem 0 .4rem; }
        h3 { font-size: 1rem; margin: 1.4rem 0 .3rem; }
        .verdict { font-size: 1.08rem; border-left: 4px solid var(--rule); padding-left: .8rem; margin: 1rem 0; }
        p { max-width: 46rem; margin: .5rem 0; }
        .faint, .note { color: var(--faint); }
        .note { font-size: .88rem; }
        .scroll { overflow-x: auto; margin: .6rem 0; }
        table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums; }
        th, td { padding: .28rem .55rem; border-bottom: 1px solid var(--rule); }
        th, td { text-align: right; white-space: nowrap; vertical-align: top; }
        th:first-child, td:first-child { text-align: left; position: sticky; left: 0; background: var(--paper); }
        th.words, td.words { text-align: left; white-space: normal; min-width: 11rem; }
        thead th { border-bottom: 2px solid var(--rule); vertical-align: bottom; }
        td.best { background: var(--best); font-weight: 600; }
        td small { display: block; color: var(--faint); font-weight: 400; line-height: 1.1; }
        .mean { border-left: 1px solid var(--rule); }
        .figures { display: flex; flex-wrap: wrap; gap: 1rem; }
        figure { margin: 0; max-width: 100%; overflow-x: auto; break-inside: avoid; }
        .key { display: inline-flex; align-items: center; gap: .3rem; margin: 0 .9rem .2rem 0; font-size: .84rem; }
        svg.chart { display: block; }
        svg text { font: 11px ui-sans-serif, system-ui, "Segoe UI", "DejaVu Sans", Arial, sans-serif; fill: var(--ink); }
        svg .title { font-size: 12.5px; font-weight: 600; }
        svg .faint { fill: var(--faint); }
        svg .grid { stroke: var(--rule); stroke-width: .6; fill: none; }
        svg .axis { stroke: var(--faint); fill: none; }
        svg .level { stroke: var(--faint); stroke-dasharray: 4 3; fill: none; }
        svg path.mean { stroke: var(--ink); stroke-width: 2.4; fill: none; }
        svg .centroid { stroke: var(--ink); stroke-width: 1.4; }
        code { font-size: .86rem; overflow-wrap: anywhere; }
        @media print {
          body { max-width: none; padding: 0; font-size: 10pt; }
          table { font-size: 7.6pt; }
          th, td { padding: .12rem .3rem; }
          .scroll, figure { overflow: visible; }
          h2 { break-after: avoid; }
          tr { break-inside: avoid; }
        }
        </style>
        """;

    /// <summary>Writes the page.</summary>
    public static string Write(ExperimentResults results)
    {
        var html = new StringBuilder();
        html.AppendLine(Head)
            .Append("<title>")
            .Append(Text(Title(results)))
            .AppendLine("</title>")
            .AppendLine(Style)
            .AppendLine("</head>")
            .AppendLine("<body>");
        html.Append("<h1>").Append(Text(Title(results))).AppendLine("</h1>");
        html.Append(Paragraph(
            $"{results.Model}, {results.Parameters:#,0} weights that a token passes through. "
            + (results.Curves.IsEmpty
                ? ""
                : "The base knows both customs of every skill; each source settles one of them. ")
            + "One model is tuned on each source, and the distribution vectors are merged with coefficients chosen on "
            + "validation data. "
            + $"All figures below are of test data that nothing was chosen on, {RunsOf(results)}."));
        if (Verdict.Of(results) is { } verdict)
            html.Append("<p class=\"verdict\">").Append(Text(verdict)).AppendLine("</p>");
        Life(html, results);
        Cost(html, results);
        foreach (ResultTable table in results.Tables.Take(1))
            ResultTables.Write(html, table, results);
        Coefficients(html, results);
        foreach (ResultTable table in results.Tables.Skip(1))
            ResultTables.Write(html, table, results);
        Vectors(html, results);
        ResultTables.Sources(html, results);
        Map(html, results);
        html.AppendLine("<h2>To repeat it</h2>").Append("<p><code>").Append(Text(results.Command)).AppendLine("</code></p>");
        html.Append("<p class=\"note\">Every number above is also in ")
            .Append(ResultsFile.FileName)
            .AppendLine(" beside this page.</p>");
        html.AppendLine("</body>").AppendLine("</html>");
        return html.ToString();
    }

    private static void Life(StringBuilder html, ExperimentResults results)
    {
        if (results.Life.IsEmpty)
            return;
        html.AppendLine("<h2>The life of a family</h2>");
        html.Append("<p class=\"note\">").Append(Text(
            $"Events in order: {string.Join("; ", results.Life.Select(table => $"{table.Name}: {table.Note}"))}. "
            + "Operations add up: 6 a weight and trained token, 2 a weight and evaluated token, 6 where slopes are taken."
            + (results.Seeds.Length > 1 ? " Bars are one standard deviation over the seeds." : ""))).AppendLine("</p>");
        html.Append(Figure(Charts.Life(results)));
        html.Append(Legend(Charts.LifeMethods(results), withLines: false));
        LifeTable.Write(html, results);
    }

    private static void Cost(StringBuilder html, ExperimentResults results)
    {
        html.AppendLine("<h2>Cost against quality</h2>");
        html.AppendLine(
            "<p class=\"note\">Operations beyond those of the base: 6 a weight and trained token, 2 a weight and evaluated "
            + "token."
            + (results.Seeds.Length > 1 ? " Bars are one standard deviation over the seeds." : "")
            + "</p>");
        foreach (ResultTable table in results.Tables
            .Where(table => table.Rows.Count(row => row.Kind != MethodKind.Base) > 1)
            .Take(1))
        {
            html.Append(Figure(Charts.CostAndQuality(table, results.Parameters)));
            html.Append(Legend(
                [.. table.Rows.Where(row => row.Kind != MethodKind.Base).Select(row => row.Name)], withLines: false));
        }
    }

    private static void Coefficients(StringBuilder html, ExperimentResults results)
    {
        if (results.Curves.IsEmpty)
            return;
        html.AppendLine("<h2>Coefficients</h2>");
        html.AppendLine(
            "<p class=\"note\">Validation loss of the first seed. The thick line is the mean over the sources, the dashed "
            + "upright what was chosen. Losses far above the best are cut off.</p>");
        html.AppendLine("<div class=\"figures\">");
        foreach (CoefficientCurve curve in results.Curves)
            html.Append(Figure(Charts.Curve(curve)));
        html.AppendLine("</div>");
        if (results.Curves.Length > 0)
            html.Append(Legend(
                [
                    .. results.Curves[0].Lines
                        .Take(Math.Max(1, results.Curves[0].Lines.Length - 1))
                        .Select(line => line.Name),
                ],
                withLines: true));
    }

    private static void Vectors(StringBuilder html, ExperimentResults results)
    {
        html.AppendLine("<h2>Distribution vectors</h2>");
        html.AppendLine(
            "<p class=\"note\">Of the first seed. Left: how far each fine-tuned model went from the base in each layer, as a "
            + "share of the layer where it went farthest. Right: the cosine between each two models’ changes.</p>");
        html.AppendLine("<div class=\"figures\">");
        VectorGeometry geometry = results.Geometry;
        html.Append(Figure(Charts.Matrix(
            "Distance to the base, layer by layer",
            geometry.Layers,
            geometry.Models,
            [.. geometry.Shares.Select(row => (IReadOnlyList<double>)row)],
            ColourScale.Sequential)));
        html.Append(Figure(Charts.Matrix(
            "Cosine between vectors",
            geometry.Models,
            geometry.Models,
            [.. geometry.Cosines.Select(row => (IReadOnlyList<double>)row)],
            ColourScale.Diverging)));
        html.AppendLine("</div>");
    }

    private static void Map(StringBuilder html, ExperimentResults results)
    {
        if (results.Map.Clouds.IsEmpty)
            return;
        html.AppendLine("<h3>How far apart they lie</h3>");
        html.Append("<p class=\"note\">Principal components of ")
            .Append(Text(results.Map.Features))
            .AppendLine(". Large marks are the centroids.</p>");
        html.Append(Figure(Charts.Map(results.Map)));
        html.Append(Legend([.. results.Map.Clouds.Select(cloud => cloud.Name)], withLines: false));
    }

    private static string Title(ExperimentResults results) =>
        $"Distribution-edited models against data mixing: preset {results.Preset}";

    private static string RunsOf(ExperimentResults results) => results.Seeds.Length == 1
        ? $"of one run, seed {results.Seeds[0]}"
        : $"mean ± standard deviation of {results.Seeds.Length} runs, seeds {string.Join(", ", results.Seeds)}";

    private static string Figure(SvgText svg) => $"<figure>\n{svg}</figure>\n";

    private static string Legend(IReadOnlyList<string> names, bool withLines) =>
        $"<p>{string.Concat(names.Select((name, k) => Series.Legend(k, name, withLines)))}</p>\n";

    private static string Paragraph(string text) => $"<p>{Text(text)}</p>\n";

    private static string Text(string text) => SvgText.Escape(text);
}
