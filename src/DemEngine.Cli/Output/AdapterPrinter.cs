using System.Globalization;
using System.Text.Json.Nodes;
using DemEngine.Adapters;
using DemEngine.Answers;
using DemEngine.Cli.Formatting;
using DemEngine.Cli.Grouping;

namespace DemEngine.Cli.Output;

/// <summary>Prints how well a written adapter stands for the changes that it was made of.</summary>
internal static class AdapterPrinter
{
    public static void Print(WrittenAdapter adapter, string path, bool quiet, bool json)
    {
        if (json)
            Console.Out.WriteLine(ToJson(adapter, path).ToJsonString());
        else if (!quiet)
            PrintText(adapter, path);
    }

    private static void PrintText(WrittenAdapter adapter, string path)
    {
        ModuleFit[] fits = [.. adapter.Modules.Select(module => module.Fit)];
        TablePrinter.Print(
            [" matrices", "name", " rank", " ‖Δ‖", " kept", " error"],
            NameGroups.Of(fits.Length, k => fits[k].Tensor, _ => "").Select(group =>
            {
                ModuleFit[] members = [.. group.Members.Select(k => fits[k])];
                return new[]
                {
                    group.Count,
                    group.Pattern.ToString(),
                    Range(members.Select(fit => (double)fit.Rank), "0"),
                    Range(members.Select(fit => fit.Norm), "g4"),
                    Range(members.Select(fit => 100 * fit.Energy), "0.##") + " %",
                    Range(members.Select(fit => fit.Error), "g3"),
                };
            }));
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Counted.Of(fits.Length, "matrix", "matrices")}, "
            + $"{100 * adapter.Energy:0.##} % of the whole change's ‖Δ‖² kept, "
            + $"{Sizes.Format(adapter.Tensors.Sum(tensor => tensor.Spec.ByteLength))}"));
        foreach (string remark in adapter.Remarks)
            Prose.Print($"note: {Printable.Text(remark)}");
        Console.Out.WriteLine(Printable.Text(path));
    }

    private static string Range(IEnumerable<double> values, string format)
    {
        double[] all = [.. values];
        string least = all.Min().ToString(format, CultureInfo.InvariantCulture);
        string most = all.Max().ToString(format, CultureInfo.InvariantCulture);
        return least == most ? least : $"{least}–{most}";
    }

    /// <summary>The adapter as <c>--json</c> has it.</summary>
    public static JsonObject ToJson(WrittenAdapter adapter, string path) => new()
    {
        ["output"] = path,
        ["energy"] = adapter.Energy,
        ["bytes"] = adapter.Tensors.Sum(tensor => tensor.Spec.ByteLength),
        ["matrices"] = new JsonArray([.. adapter.Modules.Select(module => new JsonObject
        {
            ["tensor"] = module.Fit.Tensor,
            ["rank"] = module.Fit.Rank,
            ["norm"] = module.Fit.Norm,
            ["energy"] = module.Fit.Energy,
            ["error"] = module.Fit.Error,
        })]),
        ["saved_whole"] = JsonValues.Of(adapter.Whole.Select(tensor => tensor.Spec.Name)),
        ["notes"] = JsonValues.Of(adapter.Remarks),
    };
}
