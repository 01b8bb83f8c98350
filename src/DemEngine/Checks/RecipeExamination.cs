using System.Collections.Immutable;
using DemEngine.Checkpoints.Adapters;
using DemEngine.Checkpoints.Pipelines;
using DemEngine.Merging.GgufOutputs;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Merging.Tensors;
using DemEngine.Pipelines;
using DemEngine.Recipes;
using DemEngine.Recipes.Values;

namespace DemEngine.Checks;

/// <summary>What one result of a recipe would take.</summary>
/// <param name="Name">Its name, or that of the component of a pipeline; null where it is the only one.</param>
/// <param name="Tensors">Number of tensors.</param>
/// <param name="BytesToRead">Bytes to read.</param>
/// <param name="BytesToWrite">Bytes to write.</param>
/// <param name="BufferBytes">Bytes in buffers at most.</param>
internal sealed record ExaminedResult(string? Name, int Tensors, long BytesToRead, long BytesToWrite, long BufferBytes);

/// <summary>
/// Everything about a recipe that can be known without reading elements of tensors: whether it can be read, its models are there
/// and can be opened, names and shapes match, and the disk has room.
/// </summary>
/// <param name="Problems">What is wrong; none if the recipe can be merged.</param>
/// <param name="Results">What the results would take; none where something is wrong before.</param>
/// <param name="Remarks">What the plans remark.</param>
/// <param name="Room">Room on the disk for all; null where no output was named.</param>
internal sealed record RecipeExamination(
    ImmutableArray<DemException> Problems,
    ImmutableArray<ExaminedResult> Results,
    ImmutableArray<string> Remarks,
    DiskRoom? Room)
{
    /// <summary>Examines the recipes of a text.</summary>
    /// <param name="text">YAML text.</param>
    /// <param name="name">Name of the recipe in messages.</param>
    /// <param name="folder">Folder that its paths lead from.</param>
    /// <param name="alignment">Policies for tensors and vocabularies that do not match.</param>
    /// <param name="options">Run options.</param>
    /// <param name="output">Where the output would go; null for nowhere.</param>
    public static RecipeExamination Run(
        string text, string name, string folder, AlignmentOptions alignment, RunOptions options, string? output)
    {
        var problems = new List<DemException>();
        ValueList<Recipe> results = RecipeProblems.Read(text, name, folder, problems);
        foreach (ModelPath path in results.SelectMany(ModelsOf).DistinctBy(path => path.Resolved).Where(IsThere))
            RecipeProblems.Try(() => ModelWeights.Open(path.Resolved, options.Io).Dispose(), problems);

        var examined = new List<ExaminedResult>();
        var remarks = new List<string>();
        var room = new DiskRoom(0, 0);
        if (problems.Count == 0)
        {
            RunOptions headers = options with { HeadersOnly = true };
            foreach (Recipe result in results)
            {
                string? place = output is null || results.Count == 1 ? output : Path.Combine(output, result.Name!.Value);
                RecipeProblems.Try(
                    () =>
                    {
                        if (PipelineRecipe.Of(result, alignment) is not { } pipeline)
                            Plan(result, result.Name?.Value, place, whole: true);
                        else
                            foreach (ComponentRecipe component in pipeline.Components)
                                Plan(component.Recipe, component.Name, place, whole: false);
                    },
                    problems);
            }

            void Plan(Recipe recipe, string? label, string? place, bool whole)
            {
                AlignmentOptions policies = alignment;
                while (PlanOne(recipe, policies, headers, problems) is { } again)
                    policies = again;
                if (problems.Count > 0)
                    return;
                using MergePlan merge = MergePlanner.Plan(recipe, alignment, headers);
                OutputPlan plan = merge.Plan;
                examined.Add(new ExaminedResult(
                    label, plan.Layout.Tensors.Length, plan.BytesToRead, plan.BytesToWrite, plan.BufferBytes(headers)));
                remarks.AddRange(plan.Remarks);
                if (place is null)
                    return;
                DiskRoom own = plan.GgufForm is not null ? GgufFileRun.Check(plan, place, headers)
                    : whole ? OutputRun.Check(plan, place, headers)
                    : DiskRoom.For(plan, place, headers);
                room = new DiskRoom(room.NeededBytes + own.NeededBytes, own.FreeBytes);
            }
        }

        if (output is not null && problems.Count == 0)
            RecipeProblems.Try(() => room.Require(output), problems);
        return new RecipeExamination(
            [.. problems],
            problems.Count == 0 ? [.. examined] : [],
            [.. remarks.Distinct()],
            output is null || problems.Count > 0 ? null : room);
    }

    /// <summary>
    /// Plans a result, and gathers what is wrong with it. Where it is one of those things that a policy settles, gives the
    /// policies under which the rest can be looked at.
    /// </summary>
    private static AlignmentOptions? PlanOne(
        Recipe recipe, AlignmentOptions alignment, RunOptions options, List<DemException> problems)
    {
        try
        {
            MergePlanner.Plan(recipe, alignment, options).Dispose();
            return null;
        }
        catch (DemException e)
        {
            problems.Add(e);
            return e.Code == ErrorCode.MissingTensor && alignment.Missing == MissingTensors.Fail
                ? alignment with { Missing = MissingTensors.Base }
                : e.Code == ErrorCode.ExtraTensor && alignment.Extra == ExtraTensors.Fail
                ? alignment with { Extra = ExtraTensors.Ignore }
                : e.Code == ErrorCode.VocabularyMismatch && alignment.Vocabulary == VocabularyPolicy.Fail
                ? alignment with { Vocabulary = VocabularyPolicy.Base }
                : null;
        }
    }

    private static List<ModelPath> ModelsOf(Recipe recipe)
    {
        var models = new List<ModelPath>();
        recipe.WithPaths(path =>
        {
            if (!path.IsStage)
                models.Add(path);
            return path;
        });
        return models;
    }

    // What is not there was said, and the roots of pipelines are opened component by component.
    private static bool IsThere(ModelPath path) => path.Adapted is { } adapted
        ? Path.Exists(adapted.Model) && Path.Exists(adapted.Adapter) && !PipelineFolder.IsRoot(adapted.Model)
        : Path.Exists(path.Resolved) && !PipelineFolder.IsRoot(path.Resolved);
}
