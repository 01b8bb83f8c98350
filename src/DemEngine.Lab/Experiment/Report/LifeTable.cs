using System.Globalization;
using System.Text;
using DemEngine.Lab.Charts;
using DemEngine.Lab.Experiment.Results;

namespace DemEngine.Lab.Experiment.Report;

/// <summary>
/// The table of a family's life: for each event and method the quality on the family's sources, on what was withdrawn and on what
/// is kept, and what the event cost and all so far.
/// </summary>
internal static class LifeTable
{
    /// <summary>Writes the table.</summary>
    public static void Write(StringBuilder html, ExperimentResults results)
    {
        html.AppendLine("<div class=\"scroll\"><table><thead><tr><th>event, method</th><th>exact match, %</th><th>loss</th>"
            + "<th>beside the family: exact match, %</th><th>operations</th><th>so far</th><th>seconds</th></tr></thead><tbody>");
        var total = new Dictionary<string, double>();
        foreach (ResultTable table in results.Life)
        {
            html.AppendLine(
                $"<tr><td colspan=\"7\"><b>{SvgText.Escape(table.Name)}</b>: {SvgText.Escape(table.Note)}</td></tr>");
            foreach (MethodResult row in table.Rows)
            {
                double cost = row.Runs.Average(run => run.Cost.Flops(results.Parameters));
                double all = total[row.Name] = total.GetValueOrDefault(row.Name) + cost;
                string beside = string.Join(", ", table.Columns.Skip(table.Averaged).Select((column, k) =>
                    $"{column} {Number(row.Runs.Average(run => 100 * run.ExactMatch[table.Averaged + k]), "0.0")}"));
                html.AppendLine(
                    $"<tr><td>{SvgText.Escape(row.Name)}</td>"
                    + $"<td>{Mean(row, run => 100 * run.ExactMatch.Take(table.Averaged).Average(), "0.0")}</td>"
                    + $"<td>{Mean(row, run => run.Loss.Take(table.Averaged).Average(), "0.0000")}</td>"
                    + $"<td>{SvgText.Escape(beside)}</td><td>{Operations(cost)}</td><td>{Operations(all)}</td>"
                    + $"<td>{Number(row.Runs.Average(run => run.Cost.Seconds), "0.0")}</td></tr>");
            }
        }

        html.AppendLine("</tbody></table></div>");
    }

    /// <summary>Number of operations in three digits.</summary>
    public static string Operations(double flops) => flops == 0 ? "0" : flops.ToString("0.0e0", CultureInfo.InvariantCulture);

    private static string Mean(MethodResult row, Func<MethodRun, double> value, string format)
    {
        var spread = Spread.Of(row.Runs.Select(value));
        return Number(spread.Mean, format)
            + (double.IsNaN(spread.Deviation) ? "" : $"<small>±{Number(spread.Deviation, format)}</small>");
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
