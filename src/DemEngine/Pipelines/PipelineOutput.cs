using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Files;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Merging.Tensors;
using DemEngine.Sweeps;

namespace DemEngine.Pipelines;

/// <summary>
/// A pipeline that is being made, in a staging directory beside its final place. Each component is made there as an output of its
/// own, with a journal by which it is resumed; when the last is complete, the pipeline gets its name in one step.
/// </summary>
internal sealed class PipelineOutput : IDisposable
{
    /// <summary>What the manifest of a pipeline calls the operation.</summary>
    public const string Operation = "merge pipeline";

    private readonly PipelineRecipe _recipe;
    private readonly RunOptions _options;
    private readonly SortedDictionary<string, byte[]> _others;
    private readonly StagingDirectory _staging;
    private readonly List<ManifestInput> _inputs = [];

    private PipelineOutput(PipelineRecipe recipe, RunOptions options, SortedDictionary<string, byte[]> others, string output)
    {
        _recipe = recipe;
        _options = options;
        _others = others;
        _staging = StagingDirectory.Open(output, options);
    }

    /// <summary>Full path of the pipeline once it is complete.</summary>
    public string Output => _staging.Output;

    /// <summary>The options of a component of a pipeline: it has no card of its own.</summary>
    /// <param name="options">Options of the command.</param>
    public static RunOptions ForComponents(RunOptions options) => options with { Card = false };

    /// <summary>Checks for the errors that a run would report before it begins, and changes nothing.</summary>
    /// <exception cref="DemException">DEM1001 to DEM1006 (BadArgument to NothingToResume): the run would not begin.</exception>
    public static void Check(PipelineRecipe recipe, string output, RunOptions options) =>
        StagingDirectory.Check(output, recipe.Roots, options);

    /// <summary>Begins a pipeline, or goes on with an unfinished one.</summary>
    /// <exception cref="DemException">
    /// DEM1001 to DEM1008: it may not be written there. DEM2023 (BadSideFile): a file of the base cannot be taken over.
    /// </exception>
    public static PipelineOutput Begin(PipelineRecipe recipe, string output, RunOptions options)
    {
        Check(recipe, output, options);
        return new PipelineOutput(recipe, options, recipe.Base.ReadOthers(), output);
    }

    /// <summary>Reports of the components of a pipeline that is there and whole; null if it is not this recipe's.</summary>
    public static List<RunReport>? FindComplete(
        PipelineRecipe recipe, string folder, RunOptions options, CancellationToken cancel)
    {
        if (!PipelineVerification.IsFor(folder))
            return null;
        var reports = new List<RunReport>();
        foreach (ComponentRecipe component in recipe.Components)
        {
            using MergePlan merge = MergePlanner.Plan(component.Recipe, recipe.Alignment, options);
            string place = Path.Combine(folder, component.Name);
            if (!FinishedOutput.IsSame(place, merge.Plan))
                return null;
            reports.Add(FinishedOutput.Report(place, merge.Plan));
        }

        return PipelineVerification.Run(folder, options, null, cancel).IsIntact ? reports : null;
    }

    /// <summary>Disk space that a component needs and that is free, where an earlier run may have begun it.</summary>
    public static DiskRoom RoomFor(string component, OutputPlan plan, string output, RunOptions options)
    {
        string folder = Path.Combine(StagingDirectory.PathFor(output), component);
        DiskRoom room = DiskRoom.For(plan, folder, options);
        long complete = options.Unfinished != UnfinishedRun.Resume
            ? 0
            : plan.Layout.Shards.Select(shard => new FileInfo(Path.Combine(folder, shard.FileName)))
                .Where(file => file.Exists).Sum(file => file.Length);
        return room with { NeededBytes = Math.Max(0, room.NeededBytes - complete) };
    }

    /// <summary>Path where a component is to be made.</summary>
    public string FolderOf(string component) => Path.Combine(_staging.Path, component);

    /// <summary>Finds out how a component is to be made, once for each before <see cref="Publish"/>.</summary>
    /// <returns>The options of its run; null if an earlier run completed it.</returns>
    public RunOptions? OptionsFor(string component, OutputPlan plan, CancellationToken cancel)
    {
        _inputs.AddRange(plan.Inputs);
        RunOptions options = ForComponents(_options) with
        {
            // What lies there is this command's own, of an earlier attempt that may have had another recipe.
            Overwrite = _options.Unfinished == UnfinishedRun.Resume,
            Unfinished = _options.Unfinished == UnfinishedRun.Resume ? UnfinishedRun.Resume : UnfinishedRun.Refuse,
        };
        return SweepMember.OptionsFor(FolderOf(component), plan, options, null, cancel);
    }

    /// <summary>Writes what has no weights and the manifest, and gives the pipeline its name.</summary>
    /// <exception cref="DemException">DEM1002 (OutputExists), DEM1003 (OutputNotOurs), DEM4002 (WriteFailed).</exception>
    public void Publish()
    {
        ManifestFile[] ofComponents =
        [
            .. _recipe.Components.SelectMany(component => FilesOf(component.Name)),
        ];
        if (_options.Card)
        {
            ManifestTensor[] tensors = [.. _recipe.Components.SelectMany(component => TensorsOf(component.Name))];
            foreach (var (name, contents) in PipelineCard.Files(_recipe, _others.Keys, tensors))
                _others[name] = contents;
        }

        var manifest = new Manifest(Manifest.ThisEngine, Operation, _recipe.Whole.ToYaml(), [.. _inputs.Distinct()], [])
        {
            Files = [.. ManifestFile.Of([], _others), .. ofComponents],
        };
        _others[Manifest.FileName] = manifest.ToJson();
        foreach (var (name, contents) in _others)
        {
            string path = Path.Combine(_staging.Path, name);
            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.Delete(path);
            }
            catch (Exception e) when (WriteError.Covers(e))
            {
                throw WriteError.From(e, path);
            }

            OutputFile.WriteWhole(path, contents);
        }

        _staging.Publish([.. _others.Keys, .. ofComponents.Select(file => file.Path)]);
    }

    public void Dispose() => _staging.Dispose();

    private IEnumerable<ManifestTensor> TensorsOf(string component) => Manifest.Read(FolderOf(component)).Tensors
        .Select(tensor => tensor with { Name = $"{component}/{tensor.Name}" });

    private ImmutableArray<ManifestFile> FilesOf(string component)
    {
        string folder = FolderOf(component);
        byte[] manifest = File.ReadAllBytes(Path.Combine(folder, Manifest.FileName));
        return
        [
            .. Manifest.Read(folder).Files!.Select(file => file with { Path = $"{component}/{file.Path}" }),
            .. ManifestFile.Of([], [new($"{component}/{Manifest.FileName}", manifest)]),
        ];
    }
}
