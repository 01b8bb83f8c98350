using System.Globalization;
using DemEngine.Errors;
using DemEngine.Recipes;
using DemEngine.Search.Trials;

namespace DemEngine.Search;

/// <summary>Writes the recipe that a search found, as a file that <c>dem merge</c> accepts.</summary>
internal static class FoundRecipe
{
    /// <summary>Returns the text of the recipe's file.</summary>
    /// <param name="recipe">Recipe with the best coefficients, its paths resolved.</param>
    /// <param name="folder">Folder that the file will be in; the recipe's relative paths are made relative to it.</param>
    /// <param name="best">Trial of these coefficients.</param>
    /// <param name="objective">Objective by which the trial is the best.</param>
    /// <param name="trials">Number of trials that it is the best of.</param>
    public static string Write(Recipe recipe, string folder, Trial best, Objective objective, int trials)
    {
        string scores = string.Join(
            ", ",
            best.Scores.Select(score =>
                $"{Quoted.Name(score.Set)} {score.Value.ToString("0.######", CultureInfo.InvariantCulture)}"));
        string heading = string.Create(
            CultureInfo.InvariantCulture,
            $"# The best of {trials} trials.\n"
            + $"# {Quoted.Name(objective.Metric.Name)}: {objective.Name} "
            + $"{best.Objective:0.######}; {scores}\n");
        return heading + Relocate(recipe, folder).ToYaml();
    }

    /// <summary>Makes a recipe's relative paths lead from a folder.</summary>
    public static Recipe Relocate(Recipe recipe, string folder) => recipe.WithPaths(path => path.From(folder));
}
