using System.Globalization;
using DemEngine.Analysis;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Merging;
using DemEngine.Recipes;

namespace DemEngine.Demonstration;

/// <summary>
/// The engine at work on models small enough to make on the spot: makes a family, merges it, verifies the output, and measures how far
/// the models lie apart.
/// </summary>
public static class Demo
{
    /// <summary>Name of the recipe in the folder.</summary>
    public const string RecipeName = "recipe.yaml";

    /// <summary>Largest shard, in bytes; to be given to whoever merges the recipe again and wants the same files.</summary>
    public const long ShardBytes = DemoFamily.ShardBytes;

    private const string Mark = ".dem-demo";
    private const string MergedName = "merged";
    private const string HeatMapName = "distance.svg";

    /// <summary>Demonstrates.</summary>
    /// <param name="folder">Where everything goes; made, or an earlier demonstration's, whose models are used again.</param>
    /// <param name="backend">What computes.</param>
    /// <param name="run">How.</param>
    /// <param name="report">Told what is being done, in a line of text.</param>
    /// <param name="cancel">Stops between tiles.</param>
    /// <exception cref="DemException">DEM1003: the folder is another's; and what may go wrong in a run.</exception>
    public static DemoReport Run(string folder, IMergeBackend backend, RunOptions run, Action<string> report, CancellationToken cancel)
    {
        using ClaimedFolder claimed = ClaimedFolder.Claim(
            folder, Mark, "`dem demo` made this folder and replaces what is in it. It can be deleted at any time.\n");
        folder = claimed.Path;
        DemoFamily.Make(folder, backend, run, report, cancel);

        string recipe = Path.Combine(folder, RecipeName);
        string merged = Path.Combine(folder, MergedName);
        ReportFile.Write(recipe, Recipe());
        report($"merging as {recipe} says");
        RunReport merge = Merge(recipe, merged, backend, run, cancel);
        report($"verifying {merged}");
        VerifyReport verified = Verification.Run(merged, run, null, cancel);
        verified.ThrowUnlessIntact();

        report("measuring distances");
        string[] names = [.. DemoFamily.Sources.Select(source => source.Name), MergedName];
        string[] paths = [.. names.Select(name => Path.Combine(folder, name))];
        LayerDistances distances = DistanceMeasurement.Run(
            Path.Combine(folder, DemoFamily.Base), paths, new AlignmentOptions(), run, backend, null, cancel);
        string heatMap = Path.Combine(folder, HeatMapName);
        ReportFile.Write(heatMap, DistanceHeatMap.Write(distances));
        return new DemoReport(folder, recipe, heatMap, merge, verified.Tensors, [.. names.Select((name, k) => Describe(name, paths[k], distances.Whole, k))]);
    }

    private static RunReport Merge(string recipe, string merged, IMergeBackend backend, RunOptions run, CancellationToken cancel)
    {
        run = run with { MaxShardBytes = DemoFamily.ShardBytes, Overwrite = true, Unfinished = UnfinishedRun.Restart };
        using MergePlan plan = MergePlanner.Plan(RecipeReader.ReadFile(recipe), new AlignmentOptions(), run);
        return OutputRun.Execute(plan.Plan, merged, backend, run, null, cancel);
    }

    private static DemoModel Describe(string name, string path, LayerDistance whole, int index)
    {
        using Checkpoint model = Checkpoint.Open(path);
        double? weight = index < DemoFamily.Sources.Count ? DemoFamily.Sources[index].Weight : null;
        return new DemoModel(
            name, model.ByteLength, model.Files.Length, weight, whole.Distances[index], whole.RelativeChanges[index], whole.Cosines[index]);
    }

    private static string Recipe()
    {
        IEnumerable<string> models = DemoFamily.Sources.Select(source => string.Create(
            CultureInfo.InvariantCulture, $"  - model: {source.Name}\n    parameters:\n      weight: {source.Weight}\n"));
        return $"""
            # base + the sum of weight * (model - base). Change a weight, remove a model, and merge again.
            merge_method: dem
            base_model: {DemoFamily.Base}
            models:
            {string.Concat(models)}
            """;
    }
}
