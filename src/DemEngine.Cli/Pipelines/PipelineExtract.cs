using System.CommandLine;
using System.Text.Json.Nodes;
using DemEngine.Adapters;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Adapters;
using DemEngine.Checkpoints.Pipelines;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Cli.Pictures;
using DemEngine.Cli.Progress;
using DemEngine.Files;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;
using DemEngine.Pipelines;
using DemEngine.Recipes;
using DemEngine.Sweeps;

namespace DemEngine.Cli.Pipelines;

/// <summary>
/// Extracts the difference of two pipelines, one component after the other, each into a folder of its name. All are planned
/// before the first is made.
/// </summary>
internal static class PipelineExtract
{
    /// <summary>Divides the models by components; null if neither is the root of a pipeline.</summary>
    /// <param name="baseModel">Path of the base.</param>
    /// <param name="tuned">Path of the fine-tuned model.</param>
    /// <param name="alignment">Policies for components that do not match.</param>
    /// <exception cref="DemException">Any error of <see cref="PipelineRecipe.Of"/>.</exception>
    public static PipelineRecipe? Of(string baseModel, string tuned, AlignmentOptions alignment)
    {
        if (!IsRoot(baseModel) && !IsRoot(tuned))
            return null;
        string text = $"merge_method: task_arithmetic\nbase_model: {Quoted(baseModel)}\nmodels:\n- model: {Quoted(tuned)}\n";
        return PipelineRecipe.Of(
            RecipeReader.Resolve(RecipeReader.Parse(text, "dem extract"), Directory.GetCurrentDirectory()), alignment);
    }

    /// <summary>Stores the differences as distribution vectors.</summary>
    /// <param name="pipelines">The models by components.</param>
    /// <param name="type">Element type of the differences.</param>
    /// <param name="run">Options of the command.</param>
    /// <param name="parsed">The request.</param>
    public static int Run(PipelineRecipe pipelines, ElementType type, RunCommandOptions run, ParseResult parsed)
    {
        RunOptions options = run.Read(parsed);
        var needed = new DiskRoom(0, 0);
        var toMake = new List<(ComponentRecipe Component, RunOptions Options)>();
        foreach (ComponentRecipe component in pipelines.Components)
        {
            using var models = Models.Open(component, options.Io);
            OutputPlan plan = Plan(models, options);
            string folder = FolderOf(component, run, parsed);
            if (SweepMember.OptionsFor(folder, plan, options, null, Interrupt.Token) is not { } own)
                continue;
            DiskRoom room = OutputRun.Check(plan, folder, own);
            needed = new DiskRoom(needed.NeededBytes + room.NeededBytes, room.FreeBytes);
            toMake.Add((component, own));
        }

        needed.Require(run.Folder(parsed));
        var reports = new List<RunReport>();
        foreach (var (component, own) in toMake)
        {
            using var models = Models.Open(component, own.Io);
            reports.Add(run.Execute(parsed, Plan(models, own), FolderOf(component, run, parsed), own));
        }

        RunSummary.Print(reports, parsed.GetValue(run.Output.Quiet), parsed.GetValue(run.Output.Json));
        return 0;

        OutputPlan Plan(Models models, RunOptions own) =>
            ExtractPlanner.Plan(models.Base, models.Tuned, type, pipelines.Alignment, own.MaxShardBytes);
    }

    /// <summary>Stores the differences as adapters.</summary>
    /// <param name="pipelines">The models by components.</param>
    /// <param name="adapter">How the ranks are chosen, and the picture.</param>
    /// <param name="type">Element type of the factors.</param>
    /// <param name="run">Options of the command.</param>
    /// <param name="parsed">The request.</param>
    public static int Run(
        PipelineRecipe pipelines, AdapterOutputOptions adapter, ElementType type, RunCommandOptions run, ParseResult parsed)
    {
        RunOptions options = run.Read(parsed);
        bool quiet = parsed.GetValue(run.Output.Quiet);
        bool json = parsed.GetValue(run.Output.Json);
        foreach (ComponentRecipe component in pipelines.Components)
            AdapterFolder.Check(FolderOf(component, run, parsed), options.Overwrite);
        adapter.Svg.Check(parsed);
        using IMergeBackend backend = run.Backend.Open(parsed, quiet);
        var all = new WrittenAdapter([], [], []);
        var results = new JsonArray();
        foreach (ComponentRecipe component in pipelines.Components)
        {
            using var models = Models.Open(component, options.Io);
            string folder = FolderOf(component, run, parsed);
            WrittenAdapter made = ProgressDisplay.Run(
                quiet || json,
                progress => LoraExtraction.Run(
                    models.Base, models.Tuned, adapter.Choice(parsed)!.Value, type, options, backend, progress, Interrupt.Token));
            AdapterFolder.Write(
                folder, made, models.Base.Path, models.Base.Tensors.Select(tensor => tensor.Spec.Name), options.Overwrite);
            if (json)
                results.Add((JsonNode)AdapterPrinter.ToJson(made, folder));
            else
                AdapterPrinter.Print(made, folder, ReportOption.TakesThePlaceOfText(parsed), json);
            all = all with
            {
                Modules =
                [
                    .. all.Modules,
                    .. made.Modules.Select(module => (module.Factors, module.Fit with
                    {
                        Tensor = $"{component.Name}.{module.Fit.Tensor}",
                    })),
                ],
            };
        }

        adapter.Svg.Write(parsed, () => AdapterHeatMap.Write(all));
        if (json)
            Console.Out.WriteLine(new JsonObject { ["results"] = results }.ToJsonString());
        return 0;
    }

    private static string FolderOf(ComponentRecipe component, RunCommandOptions run, ParseResult parsed) =>
        Path.Combine(run.Folder(parsed), component.Name);

    private static bool IsRoot(string path) => PipelineFolder.IsRoot(
        Path.Exists(path) ? path : AdaptedPath.Find(path)?.Model ?? path);

    private static string Quoted(string path) => $"'{path.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>One component of both pipelines.</summary>
    private sealed record Models(Checkpoint Base, Checkpoint Tuned) : IDisposable
    {
        public static Models Open(ComponentRecipe component, IoMode io)
        {
            var paths = new List<ModelPath>();
            component.Recipe.WithPaths(path =>
            {
                paths.Add(path);
                return path;
            });
            Checkpoint origin = ModelWeights.Open(paths[0].Resolved, io);
            try
            {
                return new Models(origin, paths[1].Adapted is { } adapted
                    ? ModelWeights.Open(adapted, io, origin)
                    : ModelWeights.Open(paths[1].Resolved, io, origin));
            }
            catch
            {
                origin.Dispose();
                throw;
            }
        }

        public void Dispose()
        {
            Tuned.Dispose();
            Base.Dispose();
        }
    }
}
