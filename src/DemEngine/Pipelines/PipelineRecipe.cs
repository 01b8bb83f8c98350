using System.Collections.Immutable;
using DemEngine.Checkpoints.Pipelines;
using DemEngine.Errors;
using DemEngine.Files;
using DemEngine.Merging.Options;
using DemEngine.Recipes;

namespace DemEngine.Pipelines;

/// <summary>One component of a pipeline that is merged by a recipe of its own.</summary>
/// <param name="Name">Name of the component.</param>
/// <param name="Recipe">The recipe, in which each model is that component of a pipeline.</param>
internal sealed record ComponentRecipe(string Name, Recipe Recipe);

/// <summary>A recipe whose models are pipelines, divided into one for each component.</summary>
/// <param name="Base">The pipeline that says which components there are, and gives what has no weights.</param>
/// <param name="Roots">Paths of all pipelines and adapters that are read.</param>
/// <param name="Components">Recipes of the components, in the order of the base's index.</param>
/// <param name="Whole">The recipe as it was given.</param>
/// <param name="Alignment">Policies for what does not match.</param>
internal sealed record PipelineRecipe(
    PipelineFolder Base,
    ImmutableArray<string> Roots,
    ImmutableArray<ComponentRecipe> Components,
    Recipe Whole,
    AlignmentOptions Alignment)
{
    /// <summary>Divides a recipe.</summary>
    /// <param name="recipe">The recipe, with resolved paths.</param>
    /// <param name="alignment">Says what is done about components that a pipeline lacks or has more.</param>
    /// <returns>The recipes of the components; null if none of the models is a pipeline.</returns>
    /// <exception cref="DemException">
    /// DEM2001 (CheckpointNotFound), DEM2013 (AmbiguousCheckpoint), DEM2023 (BadSideFile): a pipeline is not whole. DEM2014
    /// (MissingTensor), DEM2015 (ExtraTensor): a pipeline lacks a component that the base has, or has one that it lacks.
    /// DEM2057 (PipelineMismatch): not all models are pipelines, or a component is of another class.
    /// </exception>
    public static PipelineRecipe? Of(Recipe recipe, AlignmentOptions alignment)
    {
        List<ModelPath> models = ModelsOf(recipe);
        if (!models.Any(model => PipelineFolder.IsRoot(RootOf(model))))
            return null;
        if (models.Find(model => !PipelineFolder.IsRoot(RootOf(model))) is { } single)
            throw single.Place.Error(
                ErrorCode.PipelineMismatch,
                $"{Quoted.Name(RootOf(single))} is not the root of a diffusers pipeline, and other models of the recipe are");

        var pipelines = models.Select(RootOf).Distinct(StringComparer.Ordinal)
            .ToDictionary(root => root, PipelineFolder.Open, StringComparer.Ordinal);
        PipelineFolder first = pipelines[RootOf(models[0])];
        foreach (PipelineFolder other in pipelines.Values.Where(other => other != first))
            Compare(first, other, alignment);
        ImmutableArray<string> names = first.Components;
        return new PipelineRecipe(
            first,
            [
                .. pipelines.Values.Select(pipeline => pipeline.Path),
                .. models.Select(model => model.Adapted?.Adapter).OfType<string>().Distinct(StringComparer.Ordinal),
            ],
            [
                .. names.Select(name => new ComponentRecipe(name, recipe.WithPaths(path => path.IsStage
                    ? path
                    : Part(path, pipelines[RootOf(path)], first, new PipelinePart(name, names))))),
            ],
            recipe,
            alignment);
    }

    /// <summary>The models of a recipe and its upstream recipes; the base comes first.</summary>
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

    private static string RootOf(ModelPath path) => path.Adapted?.Model ?? path.Resolved;

    private static void Compare(PipelineFolder first, PipelineFolder other, AlignmentOptions alignment)
    {
        string[] missing = [.. first.Components.Where(name => other.WeightsOf(name) is null)];
        if (missing.Length > 0 && alignment.Missing != MissingTensors.Base)
            throw new DemException(
                ErrorCode.MissingTensor,
                $"{other.Path}: the pipeline lacks components that {first.Path} has: {Quoted.List(missing)}")
            {
                Path = other.Path,
            };
        string[] extra = [.. other.Components.Where(name => first.WeightsOf(name) is null)];
        if (extra.Length > 0 && alignment.Extra == ExtraTensors.Fail)
            throw new DemException(
                ErrorCode.ExtraTensor,
                $"{other.Path}: the pipeline has components that {first.Path} lacks: {Quoted.List(extra)}")
            {
                Path = other.Path,
            };
        foreach (string name in first.Components.Except(missing, StringComparer.Ordinal))
        {
            if (first.ClassOf(name) != other.ClassOf(name))
                throw new DemException(
                    ErrorCode.PipelineMismatch,
                    $"{Quoted.Name(name)} is of the class {Quoted.Name(first.ClassOf(name)!)} in {first.Path}, and of "
                    + $"{Quoted.Name(other.ClassOf(name)!)} in {other.Path}")
                {
                    Path = other.Path,
                };
        }
    }

    private static ModelPath Part(ModelPath path, PipelineFolder pipeline, PipelineFolder first, PipelinePart part)
    {
        if (pipeline.WeightsOf(part.Component) is not { } weights)
        {
            string others = first.WeightsOf(part.Component)!;
            return new ModelPath(others, others, path.Place);
        }

        if (path.Adapted is not { } adapted)
            return path with
            {
                Written = Below(path.Written, path.Resolved, pipeline, weights),
                Resolved = Path.GetFullPath(weights),
            };

        // Of two paths in one text only the resolved ones are known apart.
        string model = path.Lora is null ? weights : Below(path.WrittenModel, adapted.Model, pipeline, weights);
        string lora = path.Lora ?? adapted.Adapter;
        return new ModelPath($"{model}+{lora}", $"{weights}+{adapted.Adapter}", path.Place)
        {
            Lora = lora,
            Adapted = new AdaptedPath(weights, adapted.Adapter) { Part = part },
        };
    }

    // The root of a model in a cache stands for a folder below it, which then is the plainer name.
    private static string Below(string written, string resolved, PipelineFolder pipeline, string weights) =>
        resolved == pipeline.Path
            ? Path.Combine(written, Path.GetRelativePath(pipeline.Path, weights)).Replace('\\', '/')
            : weights;
}
