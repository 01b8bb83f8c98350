using System.Globalization;
using System.Text.Json.Nodes;
using DemEngine.Cli.Formatting;
using DemEngine.Cli.Output;
using DemEngine.Errors;
using DemEngine.ScaleOut;

namespace DemEngine.Cli.ScaleOut;

/// <summary>Prints how a merge is cut into parts, in words or as JSON.</summary>
internal static class PartsPrinter
{
    private const int MostRows = 32;

    public static void Print(PartitionedPlan plan, bool quiet, bool json)
    {
        if (json)
        {
            Console.Out.WriteLine(ToJson(plan).ToJsonString());
            return;
        }

        if (quiet)
            return;
        if (plan.Parts.Length <= MostRows)
        {
            TablePrinter.Print(
                ["part", " tensors", " bytes moved", " of these written"],
                plan.Parts.Select((part, number) => new[]
                {
                    number.ToString(CultureInfo.InvariantCulture),
                    part.Tensors.ToString(CultureInfo.InvariantCulture),
                    Sizes.Format(part.BytesMoved),
                    Sizes.Format(part.BytesWritten),
                }));
        }

        Prose.Print(
            $"{Counted.Of(plan.Parts.Length, "part")}: "
            + $"the largest moves {Sizes.Format(plan.Parts.Max(part => part.BytesMoved))}, the smallest "
            + $"{Sizes.Format(plan.Parts.Min(part => part.BytesMoved))}");
        int empty = plan.Parts.Count(part => part.Tensors == 0);
        if (empty > 0)
            Prose.Print($"note: {empty} of the parts have no tensor; a tensor is never cut");
        string path = Printable.Text(ShellWord.Of(plan.Path));
        Prose.Print($"next: dem merge {path} --part K for each K from 0 to {plan.Parts.Length - 1}, then dem join {path}");
    }

    private static JsonObject ToJson(PartitionedPlan plan) => new()
    {
        ["plan"] = plan.Path,
        ["output"] = plan.Output,
        ["parts"] = new JsonArray([.. plan.Parts.Select((part, number) => new JsonObject
        {
            ["part"] = number,
            ["first_tensor"] = part.FirstTensor,
            ["tensors"] = part.Tensors,
            ["bytes_moved"] = part.BytesMoved,
            ["bytes_written"] = part.BytesWritten,
        })]),
    };
}
