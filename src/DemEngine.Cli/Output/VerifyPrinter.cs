using System.Text.Json.Nodes;
using DemEngine.Analysis;
using DemEngine.Answers;
using DemEngine.Cli.Formatting;
using DemEngine.Cli.Grouping;

namespace DemEngine.Cli.Output;

/// <summary>Prints a <see cref="VerifyReport"/> in words or as JSON.</summary>
internal static class VerifyPrinter
{
    public static void PrintText(VerifyReport report, bool all)
    {
        NameLines.Print("differs", report.Differing, all);
        NameLines.Print("missing", report.Missing, all);
        NameLines.Print("extra", report.Extra, all);
        if (report.Files is { } files)
        {
            foreach (string file in files.Differing)
                Console.Out.WriteLine($"file differs: {Printable.Text(file)}");
            foreach (string file in files.Missing)
                Console.Out.WriteLine($"file missing: {Printable.Text(file)}");
            foreach (string file in files.Extra)
                Console.Out.WriteLine($"file extra: {Printable.Text(file)}");
            foreach (string note in files.Notes)
                Prose.Print($"note: {Printable.Text(note)}");
        }
        else if (report.WithoutChecksum is not { } without)
        {
            Prose.Print(
                "note: the manifest is of an older version, without the files beside the weights; they were not checked");
        }
        else if (without > 0)
        {
            Prose.Print($"note: {Counted.Of(without, "file")} in the archive without a checksum, not checked");
        }

        string beside = report.Files is null ? "" : $", {Counted.Of(report.Files.Count, "file")}";
        string what = report.WithoutChecksum is null
            ? Counted.Of(report.Tensors, "tensor")
            : Counted.Of(report.Tensors, "file") + " in the archive";
        Console.Out.WriteLine(
            $"{what}, {Sizes.Format(report.Bytes)}{beside}: "
            + (report.IsIntact ? report.WithoutChecksum is null ? "as the manifest says" : "as their checksums say" : "damaged"));
    }

    /// <summary>Prints a report as JSON.</summary>
    /// <param name="report">The report.</param>
    /// <param name="part">The part that was verified, from 0, and the number of parts; null if it was all.</param>
    public static void PrintJson(VerifyReport report, (int Number, int Count)? part)
    {
        JsonObject answer = VerifyAnswer.Of(report);
        answer["part"] = part?.Number;
        answer["parts"] = part?.Count;
        Console.Out.WriteLine(answer.ToJsonString());
    }
}
