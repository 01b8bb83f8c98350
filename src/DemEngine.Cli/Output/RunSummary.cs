using System.Text.Json.Nodes;
using DemEngine.Answers;
using DemEngine.Cli.Formatting;
using DemEngine.Merging.Output;

namespace DemEngine.Cli.Output;

/// <summary>Prints what a finished run did, in words or as JSON.</summary>
internal static class RunSummary
{
    /// <summary>Prints what several runs did, one after the other, or as one JSON object.</summary>
    public static void Print(IReadOnlyList<RunReport> reports, bool quiet, bool json)
    {
        if (json)
            Console.Out.WriteLine(new JsonObject
            {
                ["results"] = new JsonArray([.. reports.Select(RunAnswer.Of)]),
            }.ToJsonString());
        else
            foreach (RunReport report in reports)
                Print(report, quiet, json);
    }

    public static void Print(RunReport report, bool quiet, bool json)
    {
        if (json)
        {
            Console.Out.WriteLine(RunAnswer.Of(report).ToJsonString());
            return;
        }

        if (quiet)
            return;

        if (report is { BytesRead: 0, BytesWritten: 0, Resumed: > 0 })
        {
            Console.Out.WriteLine($"{Counted.Of(report.Tensors, "tensor")}, all from the earlier run: nothing was left to do");
        }
        else
        {
            string resumed = report.Resumed > 0 ? $" ({report.Resumed} from the earlier run)" : "";
            Console.Out.WriteLine(
                $"{Counted.Of(report.Tensors, "tensor")}{resumed}, {Sizes.Format(report.BytesRead)}"
                + " read, "
                + $"{Sizes.Format(report.BytesWritten)} written");
            Console.Out.WriteLine(
                $"{report.Seconds:0.00} s at {Sizes.Format(1e9 * report.GigabytesPerSecond)}/s, "
                + $"then {report.SyncSeconds:0.00} s until on disk");
        }

        foreach (string remark in report.Remarks)
            Prose.Print($"note: {Printable.Text(remark)}");
        foreach (NonFiniteTensor tensor in report.NonFinite)
            Prose.Print(
                $"warning: {Printable.Text(tensor.Tensor)}: {tensor.Outputs} infinities or NaNs, {tensor.Inputs} in the inputs");
        Console.Out.WriteLine(Printable.Text(report.Output));
    }
}
