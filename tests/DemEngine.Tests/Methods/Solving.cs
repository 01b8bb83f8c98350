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
        MergeProgram program = Program(recipe, tensor, depth);
        foreach (GramMeasurement measurement in program.Measurements.OfType<GramMeasurement>())
            measurement.Complete(gram!);
        return (LinearCombination)program.Solve();
    }

    public static MergeProgram Program(string recipe, string tensor = "t", double depth = 0)
    {
        Recipe parsed = RecipeReader.Parse(recipe, "r.yaml");
        IMergeMethod method = MergePlanner.CheckRecipe(parsed);
        SourceQuestion[] sources = [.. parsed.Models.Select((model, k) => new SourceQuestion(parsed.ParametersOf(k), model.IsVector))];
        bool isRelative = method.Base == BaseUse.Subtracted || (method.Base == BaseUse.SubtractedIfGiven && parsed.BaseModel is not null);
        return method.Program(new TensorQuestion(tensor, depth, parsed.GlobalParameters(), sources, isRelative, 10, 10));
    }

    public static float[] Weights(string recipe, string tensor = "t", double depth = 0, GramMatrix? gram = null) =>
        [.. Of(recipe, tensor, depth, gram).Terms.Select(term => term.Weight)];
}
