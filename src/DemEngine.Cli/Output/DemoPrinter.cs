using System.Globalization;
using DemEngine.Demonstration;
using Spectre.Console;

namespace DemEngine.Cli.Output;

/// <summary>What a demonstration did, and what to try next.</summary>
internal static class DemoPrinter
{
    public static void Print(DemoReport report, string backend, TimeSpan elapsed)
    {
        IAnsiConsole console = OutputConsole.Create();
        DemoModel merged = report.Models[^1];

        Heading(console, "Merged");
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Models.Count - 1} tuned models and their base, {Sizes.Format(merged.Bytes)} in {merged.Shards} shards each"));
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Sizes.Format(report.Merge.BytesRead)} read, {Sizes.Format(report.Merge.BytesWritten)} written in {report.Merge.Seconds:0.00} s: {report.Merge.GigabytesPerSecond:0.00} GB/s on {backend}"));
        Console.Out.WriteLine($"{report.Verified} tensors read back, each as the manifest says");

        Heading(console, "Distances from the base, and cosines of the angles between the differences");
        console.Write(Distances(report.Models));
        Console.Out.WriteLine($"layer by layer, drawn: {report.HeatMap}");

        Heading(console, "Try next");
        string again = $"dem merge {Quote(report.Recipe)} --out {Quote(Path.Combine(report.Folder, "again"))} --max-shard-size {Demo.ShardBytes}";
        string tuned = Quote(Path.Combine(report.Folder, report.Models[0].Name));
        Console.Out.WriteLine($"# what a merge would read and write\n{again} --dry-run");
        Console.Out.WriteLine($"# with other weights: edit {report.Recipe}, then\n{again}");
        Console.Out.WriteLine($"# the distribution vector of one model\ndem extract --base {Quote(Path.Combine(report.Folder, "base"))} --tuned {tuned} --out {Quote(Path.Combine(report.Folder, "vector"))}");
        Console.Out.WriteLine($"# whether an output is intact\ndem verify {Quote(Path.Combine(report.Folder, "merged"))}");
        Console.Out.WriteLine("# how fast this machine merges\ndem bench --shape llama-160m");
        Console.Out.WriteLine();
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"done in {elapsed.TotalSeconds:0.0} s; all of it lies in"));
        Console.Out.WriteLine(report.Folder);
    }

    private static Table Distances(IReadOnlyList<DemoModel> models)
    {
        Table table = new Table().AddColumn("model");
        foreach (string column in new[] { "weight", "distance", "relative" }.Concat(models.Select(model => model.Name)))
            table.AddColumn(new TableColumn(column).RightAligned());
        foreach (DemoModel model in models)
        {
            string[] numbers =
            [
                model.Weight?.ToString("0.00", CultureInfo.InvariantCulture) ?? "",
                model.Distance.ToString("0.000", CultureInfo.InvariantCulture),
                (100 * model.RelativeDistance).ToString("0.00", CultureInfo.InvariantCulture) + " %",
                .. model.Cosines.Select(cosine => cosine.ToString("0.000;-0.000;0.000", CultureInfo.InvariantCulture)),
            ];
            table.AddRow([model.Name, .. numbers]);
        }

        return table;
    }

    private static void Heading(IAnsiConsole console, string text)
    {
        console.WriteLine();
        console.Write(new Text(text, new Style(decoration: Decoration.Bold)));
        console.WriteLine();
    }

    /// <summary>As a shell takes it.</summary>
    private static string Quote(string path) =>
        path.All(c => char.IsAsciiLetterOrDigit(c) || "/._-".Contains(c)) ? path : $"'{path.Replace("'", @"'\''")}'";
}
