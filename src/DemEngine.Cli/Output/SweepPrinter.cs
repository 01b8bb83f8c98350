using System.Text.Json;
using DemEngine.Cli.Formatting;
using DemEngine.Merging.Output;
using DemEngine.Sweeps;

namespace DemEngine.Cli.Output;

/// <summary>Prints what a sweep did, in words or as JSON.</summary>
internal static class SweepPrinter
{
    public static void Print(SweepReport report, bool quiet, bool json)
    {
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(report, ReportJson.Default.SweepReport));
            return;
        }

        if (quiet)
            return;

        int there = report.Candidates.Count - report.Merges.Count;
        string before = there == 0 ? "" : $" ({there} {(there == 1 ? "was" : "were")} there already)";
        Console.Out.WriteLine($"{Counted.Of(report.Merges.Count, "merge")}{before}");
        if (report.Merges is [var first, ..])
        {
            // Inputs are read once for all merges, and Seconds is the time of all together, without bringing each to the disk.
            long written = report.Merges.Sum(merge => merge.BytesWritten);
            double sync = report.Merges.Sum(merge => merge.SyncSeconds);
            Console.Out.WriteLine(
                $"{Sizes.Format(first.BytesRead)} read, {Sizes.Format(written)} written, {first.Seconds:0.00}"
                + " s, then "
                + $"{sync:0.00} s until on disk");
        }

        foreach (string remark in report.Merges.SelectMany(merge => merge.Remarks).Distinct())
            Prose.Print($"note: {Printable.Text(remark)}");
        foreach (NonFiniteTensor tensor in report.Merges.SelectMany(merge => merge.NonFinite).DistinctBy(tensor => tensor.Tensor))
            Prose.Print($"warning: {Printable.Text(tensor.Tensor)}: infinities or NaNs");
        foreach (string candidate in report.Candidates)
            Console.Out.WriteLine(Printable.Text(Path.Combine(report.Output, candidate)));
    }
}
