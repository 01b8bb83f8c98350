using DemEngine.Errors;
using DemEngine.Merging.Tokens;
using DemEngine.Methods;
using DemEngine.Methods.Definition;
using DemEngine.Recipes;
using DemEngine.Recipes.Values;

namespace DemEngine.Merging.Parts;

/// <summary>Checks a recipe against its method without opening a model.</summary>
internal static class RecipeCheck
{
    /// <summary>Finds a recipe's method and checks that it accepts the models and parameters of the recipe.</summary>
    /// <exception cref="DemException">DEM3003 to DEM3009 (UnknownKey to WrongModelCount): the recipe is wrong.</exception>
    public static IMergeMethod Run(Recipe recipe)
    {
        string[] known = [.. MergeMethods.All.Select(one => one.Name)];
        IMergeMethod method = MergeMethods.Find(recipe.MergeMethod.Value)
            ?? throw recipe.MergeMethod.Place.Error(
                ErrorCode.UnknownMethod,
                $"there is no method {Quoted.Name(recipe.MergeMethod.Value)}"
                + $"{Misspelling.DidYouMean(recipe.MergeMethod.Value, known)}; there are {string.Join(", ", known)}");

        ChatTemplatePlan.Check(recipe);
        string[] all = [.. method.Parameters.Select(parameter => parameter.Name)];
        string[] perModel = [.. method.Parameters.Where(parameter => parameter.PerModel).Select(parameter => parameter.Name)];
        foreach (RecipePart part in MergeParts.Of(recipe, method))
        {
            IMergeMethod ofPart = TakenAsIs.OrMethod(part, method);
            CheckBase(part, ofPart);
            foreach (ParameterScope scope in part.Scopes)
                CheckScope(scope, all, method);
            foreach (RecipeModel model in part.Models)
            {
                CheckScope(model.Parameters, perModel, method);
                if (model.IsVector && !BasePart.IsSubtracted(part, ofPart))
                    throw model.Place.Error(
                        ErrorCode.WrongValue,
                        $"{method.Name} merges whole models; a distribution vector is no model");
            }

            CheckCount(part, ofPart);
        }

        return method;
    }

    private static void CheckBase(RecipePart part, IMergeMethod method)
    {
        if (!BasePart.TakesPart(part, method))
            return;
        if (part.BaseModel is null)
            throw part.Place.Error(ErrorCode.MissingKey, $"{method.Name} needs base_model");
        if (part.IsSlice && BasePart.InSlice(part, method) < 0)
        {
            throw part.Place.Error(
                ErrorCode.MissingKey,
                $"{method.Name} needs the base {Quoted.Name(part.BaseModel.Written)} among the slice's sources, "
                + "with the layers that the others are merged with");
        }
    }

    private static void CheckCount(RecipePart part, IMergeMethod method)
    {
        int sources = BasePart.Sources(part, method).Count();
        if (sources >= method.Sources.Fewest && sources <= method.Sources.Most)
            return;
        string wanted = method.Sources.Most == int.MaxValue ? $"at least {method.Sources.Fewest}" : $"{method.Sources.Most}";
        string beside = BasePart.TakesPart(part, method) ? " beside the base" : "";
        throw part.Place.Error(
            ErrorCode.WrongModelCount,
            $"{method.Name} takes {wanted} models{beside}, the recipe gives {sources}");
    }

    private static void CheckScope(ParameterScope scope, string[] known, IMergeMethod method)
    {
        // What only other methods have is passed over. What this one has, but not for a single model, is meant to do something.
        new ParameterScope([.. scope.Parameters.Where(given => !PassedOver.Includes(given.Name, method))], scope.Place)
            .RefuseUnknown(
                known, method.Name, MergeMethods.All.SelectMany(one => one.Parameters).Select(one => one.Name).Distinct());
        foreach (MethodParameter parameter in method.Parameters)
        {
            if (scope.Find(parameter.Name) is not null)
                scope.Require(parameter.Name, parameter.Type);
        }
    }
}
