using DemEngine.Merging.Planning;
using DemEngine.Methods.Definition;
using DemEngine.Numerics;
using DemEngine.Recipes;

namespace DemEngine.Tests.Methods;

/// <summary>What a recipe's method makes of one tensor.</summary>
internal static class Solving
{
    /// <param name="recipe">Its text.</param>
    /// <param name="tensor">The tensor's name.</param>
    /// <param name="depth">Its depth.</param>
    /// <param name="gram">What is measured, if the method asks for it.</param>
    public static LinearCombination Of(string recipe, string tensor = "t", double depth = 0, GramMatrix? gram = null)
    {
        TensorMerge program = Program(recipe, tensor, depth);
        foreach (GramStatistic measurement in program.Measurements.OfType<GramStatistic>())
            measurement.Complete(gram!);
        return (LinearCombination)program.Solve();
    }

    public static TensorMerge Program(string recipe, string tensor = "t", double depth = 0)
    {
        Recipe parsed = RecipeReader.Parse(recipe, "r.yaml");
        IMergeMethod method = MergePlanner.CheckRecipe(parsed);
        SourceContext[] sources = [.. parsed.Models.Select((model, k) => new SourceContext(parsed.ParametersOf(k), model.IsVector))];
        bool isRelative = method.Base == BaseUse.Subtracted || (method.Base == BaseUse.SubtractedIfGiven && parsed.BaseModel is not null);
        return method.Define(new TensorContext(tensor, depth, parsed.GlobalParameters(), sources, isRelative, 10, 10));
    }

    public static float[] Weights(string recipe, string tensor = "t", double depth = 0, GramMatrix? gram = null) =>
        [.. Of(recipe, tensor, depth, gram).Terms.Select(term => term.Weight)];
}
