using DemEngine.Merging;
using DemEngine.Methods;
using DemEngine.Numerics;
using DemEngine.Recipes;

namespace DemEngine.Tests.Methods;

/// <summary>What a recipe's method makes of one tensor.</summary>
internal static class Solving
{
    public static LinearCombination Of(string recipe, string tensor = "t", double depth = 0, GramMatrix? gram = null)
    {
        Recipe parsed = RecipeReader.Parse(recipe, "r.yaml");
        IMergeMethod method = MergePlanner.CheckRecipe(parsed);
        SourceQuestion[] sources = [.. parsed.Models.Select((model, k) => new SourceQuestion(parsed.ParametersOf(k), model.IsVector))];
        return method.Solve(new TensorQuestion(tensor, depth, parsed.GlobalParameters(), sources, gram));
    }

    public static float[] Weights(string recipe, string tensor = "t", double depth = 0, GramMatrix? gram = null) =>
        [.. Of(recipe, tensor, depth, gram).Terms.Select(term => term.Weight)];
}
