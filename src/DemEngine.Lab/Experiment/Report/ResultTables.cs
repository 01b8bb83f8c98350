using System.Text;
using DemEngine.Lab.Charts;
using DemEngine.Lab.Experiment.Results;

namespace DemEngine.Lab.Experiment.Report;

/// <summary>The tables of a report.</summary>
internal static class ResultTables
{
    /// <summary>Writes the table of the data sources.</summary>
    public static void Sources(StringBuilder html, ExperimentResults results)
    {
        html.AppendLine("<h2>Data</h2>").AppendLine("<div class=\"scroll\"><table>");
        html.AppendLine(
            "<thead><tr><th>source</th><th class=\"words\">what is asked</th><th class=\"words\">why it is there</th>"
            + "<th>train</th><th>validation</th><th>test</th></tr></thead><tbody>");
        foreach (SourceSummary source in results.Sources)
        {
            html.AppendLine(
                $"<tr><td>{Text(source.Name)}</td><td class=\"words\">{Text(source.Description)}</td>"
                + $"<td class=\"words\">{Text(source.Role)}</td><td>{Count(source.TrainExamples)}</td>"
                + $"<td>{Count(source.ValidationExamples)}</td><td>{Count(source.TestExamples)}</td></tr>");
        }

        html.AppendLine("</tbody></table></div>");
    }

    /// <summary>Writes the tables of the methods' results: exact match, then loss, then cost.</summary>
    public static void Write(StringBuilder html, ResultTable table, ExperimentResults results)
    {
        ColumnLead lead = new(table, results);
        html.Append("<h2>").Append(Text(table.Name)).AppendLine("</h2>");
        html.Append("<p class=\"note\">").Append(Text(table.Note))
            .AppendLine(" A value is marked where it is better than every other by more than chance explains.</p>");
        Scores(
            html,
            table,
            "exact match, %",
            run => [.. run.ExactMatch.Select(value => 100 * value)],
            "0.0",
            lead.OfExactMatch);
        Scores(html, table, "loss, nats a token", run => [.. run.Loss], "0.000", lead.OfLoss);
        Costs(html, table, results.Parameters);
    }

    private static void Scores(
        StringBuilder html,
        ResultTable table,
        string caption,
        Func<MethodRun, double[]> values,
        string format,
        Func<int, int?> best)
    {
        html.Append("<div class=\"scroll\"><table><thead><tr><th>").Append(Text(caption)).Append("</th>");
        for (int c = 0; c < table.Columns.Length; c++)
        {
            if (c == table.Averaged)
                html.Append("<th class=\"mean\">mean</th>");
            html.Append("<th>").Append(Text(table.Columns[c])).Append("</th>");
        }

        if (table.Averaged == table.Columns.Length)
            html.Append("<th class=\"mean\">mean</th>");
        html.AppendLine("</tr></thead><tbody>");

        // There is one column more than there are test sets: the mean of the sets, computed for each run by itself.
        Spread[][] cells =
        [
            .. table.Rows.Select(row =>
            {
                double[][] runs = [.. row.Runs.Select(run => WithMean(values(run), table.Averaged))];
                return Enumerable.Range(0, table.Columns.Length + 1)
                    .Select(c => Spread.Of(runs.Select(run => run[c])))
                    .ToArray();
            }),
        ];
        for (int r = 0; r < table.Rows.Length; r++)
        {
            html.Append($"<tr><td title=\"{Text(table.Rows[r].Description)}\">{Text(table.Rows[r].Name)}</td>");
            for (int c = 0; c <= table.Columns.Length; c++)
            {
                string look = string.Join(
                    ' ',
                    new[] { c == table.Averaged ? "mean" : "", best(c) == r ? "best" : "" }
                        .Where(name => name != ""));
                string spread = double.IsNaN(cells[r][c].Deviation)
                    ? ""
                    : $"<small>±{cells[r][c].Deviation.ToString(format)}</small>";
                html.Append(look == "" ? "<td>" : $"<td class=\"{look}\">")
                    .Append(cells[r][c].Mean.ToString(format))
                    .Append(spread)
                    .Append("</td>");
            }

            html.AppendLine("</tr>");
        }

        html.AppendLine("</tbody></table></div>");
    }

    private static void Costs(StringBuilder html, ResultTable table, long parameters)
    {
        html.AppendLine(
            "<div class=\"scroll\"><table><thead><tr><th>cost beyond the base</th><th>tokens trained</th>"
            + "<th>tokens evaluated</th><th>operations</th><th>seconds</th>"
            + "<th class=\"words\">chosen on validation data, first seed</th></tr></thead><tbody>");
        foreach (MethodResult row in table.Rows)
        {
            double Mean(Func<MethodRun, double> value) => row.Runs.Average(value);
            html.AppendLine(
                $"<tr><td>{Text(row.Name)}</td><td>{Mean(run => run.Cost.TrainingTokens):#,0}</td>"
                + $"<td>{Mean(run => run.Cost.EvaluationTokens):#,0}</td>"
                + $"<td>{Operations(Mean(run => run.Cost.Flops(parameters)))}</td>"
                + $"<td>{Mean(run => run.Cost.Seconds):0.0}</td><td class=\"words\">{Text(row.Runs[0].Chosen ?? "")}</td></tr>");
        }

        html.AppendLine("</tbody></table></div>");
    }

    private static double[] WithMean(double[] values, int averaged) =>
        [.. values[..averaged], values[..averaged].Average(), .. values[averaged..]];

    private static string Operations(double flops) => flops == 0 ? "0" : flops.ToString("0.0e0");

    private static string Count(int count) => count == 0 ? "–" : count.ToString("#,0");

    private static string Text(string text) => SvgText.Escape(text);
}
