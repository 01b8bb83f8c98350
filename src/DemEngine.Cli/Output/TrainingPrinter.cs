using System.Text.Json;
using DemEngine.Cli.Formatting;
using DemEngine.Training.Reports;

namespace DemEngine.Cli.Output;

/// <summary>Prints what a finished training run did, in words or as JSON.</summary>
internal static class TrainingPrinter
{
    /// <summary>Prints the report, what the data were taken for, and the losses as bars.</summary>
    public static void Print(
        TrainingReport report, IEnumerable<string> data, IEnumerable<string> curve, string output, bool quiet, bool json)
    {
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(report, ReportJson.Default.TrainingReport));
            return;
        }

        if (quiet)
            return;

        foreach (string line in data)
            Console.Out.WriteLine(line);
        string end = report.StoppedEarly ? "stopped early after" : "all";
        Console.Out.WriteLine(
            $"{end} {Counted.Of(report.Steps, "step")}, {Counted.Of(report.Positions, "token")}, {report.Seconds:0.0} s");
        Console.Out.WriteLine($"best validation loss {report.BestLoss:0.0000} nats per token, at step {report.BestStep}");
        foreach (string line in curve)
            Console.Out.WriteLine(line);
        if (report.BestStep == 0)
            Console.Out.WriteLine("note: no step improved on the weights that it started from; the output holds those");
        Console.Out.WriteLine(Printable.Text(output));
    }
}
