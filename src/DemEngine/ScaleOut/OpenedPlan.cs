using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Planning;
using DemEngine.Merging.Tensors;
using DemEngine.Pipelines;
using DemEngine.Recipes;
using DemEngine.Recipes.Values;

namespace DemEngine.ScaleOut;

/// <summary>A merge in parts that is planned on this machine, with the models that it keeps open.</summary>
internal sealed class OpenedPlan : IDisposable
{
    private readonly MergePlan _merge;

    private OpenedPlan(MergePlan merge, PlannedOptions options, int parts)
    {
        _merge = merge;
        Models = PlanIdentity.ModelsOf(Plan);
        Id = PlanIdentity.Of(Plan, Models, options.Card, parts);
        Parts = PlanCut.Of(Plan.Totals.Moved, parts);
        Pieces = [.. Parts.Select(range => PlannedPiece.Of(Plan.Layout, range))];
    }

    /// <summary>The whole plan.</summary>
    public OutputPlan Plan => _merge.Plan;

    /// <summary>Identity of the plan.</summary>
    public string Id { get; }

    /// <summary>Models that the plan reads.</summary>
    public IReadOnlyList<PlannedModel> Models { get; }

    /// <summary>Notes for the user on what differs from when the plan was made, and does not count.</summary>
    public ImmutableArray<string> Remarks { get; private set; } = [];

    /// <summary>Tensors of each part.</summary>
    public ImmutableArray<TensorRange> Parts { get; }

    /// <summary>Files that each part writes.</summary>
    public ImmutableArray<ImmutableArray<PlannedPiece>> Pieces { get; }

    /// <summary>Plans a merge that is to be cut.</summary>
    /// <param name="source">The recipe.</param>
    /// <param name="options">Options that decide the output.</param>
    /// <param name="parts">Number of parts.</param>
    /// <param name="machine">Options of this machine.</param>
    /// <exception cref="DemException">
    /// DEM1036 (NotInParts): the merge cannot be done in parts. Any error of <see cref="MergePlanner.Plan"/>.
    /// </exception>
    public static OpenedPlan Open(RecipeSource source, PlannedOptions options, int parts, RunOptions machine)
    {
        ValueList<Recipe> results = RecipeReader.Results(source);
        if (results.Count > 1)
            throw NotInParts(
                $"{source.Name}: the file has {results.Count} recipes",
                "Put the recipe that is meant into a file of its own, and plan that.");
        Recipe recipe = results[0];
        if (PipelineRecipe.Of(recipe, options.Alignment) is not null)
            throw NotInParts(
                $"{source.Name}: the models are diffusers pipelines, each of several components",
                "Name the folders of one component, such as the transformer, in the recipe, and plan each by itself.");
        if (OutputForms.IsGguf(recipe.OutDType?.Value))
            throw NotInParts(
                $"{source.Name}: {recipe.OutDType!.Value} makes one GGUF file",
                "Leave out_dtype out, and convert the merged folder to GGUF.");
        MergePlan merge = MergePlanner.Plan(recipe, options.Alignment, options.On(machine));
        try
        {
            return new OpenedPlan(merge, options, parts);
        }
        catch
        {
            merge.Dispose();
            throw;
        }
    }

    /// <summary>Plans a merge again that was cut, and checks that it is the same.</summary>
    /// <param name="planned">The plan as it was made.</param>
    /// <param name="path">Path of the plan's file, for messages.</param>
    /// <param name="machine">Options of this machine.</param>
    /// <exception cref="DemException">
    /// DEM1030 (PlanMismatch): what is there now gives another plan. Any error of <see cref="MergePlanner.Plan"/>.
    /// </exception>
    public static OpenedPlan Open(PlanDocument planned, string path, RunOptions machine)
    {
        if (planned.Engine != Manifest.ThisEngine)
            throw Mismatch(path, $"it was made by {planned.Engine}, and this is {Manifest.ThisEngine}");
        OpenedPlan opened = Open(planned.Recipe, planned.Options, planned.Parts.Count, machine);
        try
        {
            if (opened.Id != planned.Id)
                throw Mismatch(path, PlanIdentity.Difference(planned, opened.Plan, opened.Models));
            opened.Remarks = [.. PlanIdentity.OtherTimes(planned, opened.Models)];
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Describes the parts, for the plan's file.</summary>
    public IReadOnlyList<PlannedPart> Describe() =>
    [
        .. Parts.Select(range => new PlannedPart(
            range.First,
            range.Count,
            Plan.Totals.Moved.Skip(range.First).Take(range.Count).Sum(),
            Plan.Layout.Tensors.AsSpan().Slice(range.First, range.Count).ToArray().Sum(place => place.Spec.ByteLength))),
    ];

    /// <summary>Closes the models.</summary>
    public void Dispose() => _merge.Dispose();

    private static DemException Mismatch(string path, string why) =>
        new(ErrorCode.PlanMismatch, $"{path}: {why}") { Path = path };

    private static DemException NotInParts(string message, string remedy) =>
        new(ErrorCode.NotInParts, message, remedy: remedy);
}
