using System.Text.Json.Nodes;
using DemEngine.Analysis;
using DemEngine.Cli.Formatting;

namespace DemEngine.Cli.Output;

/// <summary>Prints a <see cref="VerifyReport"/> in words or as JSON.</summary>
internal static class VerifyPrinter
{
    public static void PrintText(VerifyReport report)
    {
        foreach (string tensor in report.Differing)
            Console.Out.WriteLine($"differs: {Printable.Text(tensor)}");
        foreach (string tensor in report.Missing)
            Console.Out.WriteLine($"missing: {Printable.Text(tensor)}");
        foreach (string tensor in report.Extra)
            Console.Out.WriteLine($"extra: {Printable.Text(tensor)}");
        Console.Out.WriteLine(
            $"{report.Tensors} tensors, {Sizes.Format(report.Bytes)}: {(report.IsIntact ? "as the manifest says" : "damaged")}");
    }

    public static void PrintJson(VerifyReport report) => Console.Out.WriteLine(new JsonObject
    {
        ["path"] = report.Path,
        ["intact"] = report.IsIntact,
        ["tensors"] = report.Tensors,
        ["bytes"] = report.Bytes,
        ["differing"] = JsonValues.Of(report.Differing),
        ["missing"] = JsonValues.Of(report.Missing),
        ["extra"] = JsonValues.Of(report.Extra),
    }.ToJsonString());
}
