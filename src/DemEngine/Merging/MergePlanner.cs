using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Methods;
using DemEngine.Numerics;
using DemEngine.Recipes;

namespace DemEngine.Merging;

/// <summary>From a recipe to a plan: opens the models, checks the recipe against the method, and the models against each other.</summary>
public static class MergePlanner
{
    /// <summary>Checks what can be checked of a recipe without opening a model.</summary>
    /// <exception cref="DemException">DEM3003 to DEM3009.</exception>
    public static IMergeMethod CheckRecipe(Recipe recipe)
    {
        IMergeMethod method = MergeMethods.Find(recipe.MergeMethod.Value)
            ?? throw recipe.MergeMethod.Place.Error(
                ErrorCode.UnknownMethod,
                $"there is no method {Quoted.Name(recipe.MergeMethod.Value)}; there are {string.Join(", ", MergeMethods.All.Select(one => one.Name))}");

        if (method.Base != BaseUse.NotUsed && recipe.BaseModel is null)
            throw recipe.Place.Error(ErrorCode.MissingKey, $"{method.Name} needs base_model");

        string[] all = [.. method.Parameters.Select(parameter => parameter.Name)];
        string[] perModel = [.. method.Parameters.Where(parameter => parameter.PerModel).Select(parameter => parameter.Name)];
        CheckScope(recipe.Parameters, all, method);
        foreach (RecipeModel model in recipe.Models)
        {
            CheckScope(model.Parameters, perModel, method);
            if (model.IsVector && method.Base != BaseUse.Subtracted)
                throw model.Place.Error(ErrorCode.WrongValue, $"{method.Name} merges whole models; a distribution vector is no model");
        }

        int sources = Sources(recipe, method).Count();
        if (sources < method.Sources.Fewest || sources > method.Sources.Most)
        {
            string wanted = method.Sources.Most == int.MaxValue ? $"at least {method.Sources.Fewest}" : $"{method.Sources.Most}";
            throw recipe.Place.Error(ErrorCode.WrongModelCount, $"{method.Name} takes {wanted} models beside the base, the recipe gives {sources}");
        }

        return method;
    }

    /// <summary>Plans a merge.</summary>
    /// <param name="recipe">What to merge, its paths resolved.</param>
    /// <param name="alignment">What to do where the models do not match.</param>
    /// <param name="run">How files are read and the output is cut.</param>
    /// <returns>The plan with the models it opened; the caller disposes them through it.</returns>
    /// <exception cref="DemException">DEM2001 to DEM2023, DEM3003 to DEM3009.</exception>
    public static MergePlan Plan(Recipe recipe, AlignmentOptions alignment, RunOptions run)
    {
        IMergeMethod method = CheckRecipe(recipe);
        var opened = new OpenedModels(run.Io);
        try
        {
            return new MergePlan(Plan(recipe, method, alignment, run, opened), opened);
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    private static OutputPlan Plan(Recipe recipe, IMergeMethod method, AlignmentOptions alignment, RunOptions run, OpenedModels opened)
    {
        // Without base_model the first model says which tensors there are.
        Checkpoint baseModel = opened.Open((recipe.BaseModel ?? recipe.Models[0].Path).Resolved);
        if (DistributionVector.IsVector(baseModel))
            throw (recipe.BaseModel?.Place ?? recipe.Models[0].Place).Error(ErrorCode.WrongValue, "this is a distribution vector and no model");
        string baseFingerprint = opened.FingerprintOf(baseModel);

        var sources = new List<AlignedSource>();
        var questions = new List<SourceQuestion>();
        foreach (int k in Sources(recipe, method))
        {
            RecipeModel model = recipe.Models[k];
            Checkpoint checkpoint = opened.Open(model.Path.Resolved);
            if (model.IsVector)
                DistributionVector.Check(checkpoint, baseFingerprint);
            else if (DistributionVector.IsVector(checkpoint))
                throw model.Place.Error(ErrorCode.WrongValue, "this is a distribution vector; give it as `vector:`");
            sources.Add(new AlignedSource(Quoted.Name(model.Path.Written), checkpoint, model.IsVector));
            questions.Add(new SourceQuestion(recipe.ParametersOf(k), model.IsVector));
        }

        var aligned = new TensorAlignment(baseModel, sources, alignment);
        var depth = new LayerDepth(baseModel.Tensors.Select(tensor => tensor.Spec.Name));
        ElementType? type = (recipe.OutDType ?? recipe.DType) is { } text && ElementTypes.TryParseFloat(text.Value, out ElementType parsed) ? parsed : null;
        OutputTensor[] tensors = [.. aligned.Tensors.Select(tensor => PlanTensor(tensor, recipe, method, sources, questions, depth, type))];

        Dictionary<string, byte[]> sideFiles = SideFiles.Read(baseModel, recipe.TokenizerSource?.Path?.Resolved);
        SideFiles.Amend(sideFiles, type, aligned.VocabularyRows);
        return new OutputPlan(
            "merge",
            recipe.ToYaml(),
            [
                new ManifestInput("base", (recipe.BaseModel ?? recipe.Models[0].Path).Written, baseFingerprint),
                .. Sources(recipe, method).Zip(sources, (k, source) => new ManifestInput(
                    source.IsVector ? "vector" : "model", recipe.Models[k].Path.Written, opened.FingerprintOf(source.Checkpoint))),
            ],
            opened.All,
            tensors,
            ShardLayout.Plan(tensors.Select(tensor => tensor.Spec), run.MaxShardBytes),
            sideFiles);
    }

    private static OutputTensor PlanTensor(
        AlignedTensor tensor,
        Recipe recipe,
        IMergeMethod method,
        List<AlignedSource> sources,
        List<SourceQuestion> questions,
        LayerDepth depth,
        ElementType? type)
    {
        TensorSpec spec = tensor.Spec;
        if (!spec.Type.IsFloat)
        {
            return new CarriedTensor(spec, tensor.Base, [.. tensor.Sources
                .Select((source, k) => (sources[k].Name, source.Tensor))
                .Where(pair => pair.Tensor is not null && !ReferenceEquals(pair.Tensor, tensor.Base))
                .Select(pair => (pair.Name, pair.Tensor!))]);
        }

        var question = new TensorQuestion(spec.Name, depth.Of(spec.Name), recipe.GlobalParameters(), questions);
        ImmutableArray<SourceTensor> inputs = method.Base == BaseUse.First
            ? tensor.Sources.Insert(0, new SourceTensor(tensor.Base, tensor.Base.Spec.Shape.Rows))
            : tensor.Sources;
        return new MergedTensor(spec with { Type = type ?? spec.Type }, method, question, tensor.Base, [.. inputs]);
    }

    /// <summary>The indices of the recipe's models that are sources: not the base itself, where it has a part of its own.</summary>
    private static IEnumerable<int> Sources(Recipe recipe, IMergeMethod method) =>
        Enumerable.Range(0, recipe.Models.Count)
            .Where(k => method.Base == BaseUse.NotUsed || recipe.Models[k].IsVector || recipe.Models[k].Path.Resolved != recipe.BaseModel?.Resolved);

    private static void CheckScope(ParameterScope scope, string[] known, IMergeMethod method)
    {
        scope.RefuseUnknown(known, method.Name);
        foreach (MethodParameter parameter in method.Parameters)
        {
            if (scope.Find(parameter.Name) is not null)
                scope.Require(parameter.Name, parameter.Type);
        }
    }
}
