using System.Globalization;
using DemEngine.Errors;
using DemEngine.Recipes;
using DemEngine.Search.Trials;

namespace DemEngine.Search;

/// <summary>The recipe that a search found, as a file that <c>dem merge</c> takes.</summary>
internal static class FoundRecipe
{
    /// <summary>The file's text.</summary>
    /// <param name="recipe">With the best coefficients, its paths resolved.</param>
    /// <param name="folder">Where the file will lie: relative paths lead from there.</param>
    /// <param name="best">The trial of these coefficients.</param>
    /// <param name="objective">By what it is the best.</param>
    /// <param name="trials">Of how many.</param>
    public static string Write(Recipe recipe, string folder, Trial best, Objective objective, int trials)
    {
        string scores = string.Join(", ", best.Scores.Select(score => $"{Quoted.Name(score.Set)} {score.Value.ToString("0.######", CultureInfo.InvariantCulture)}"));
        string heading = string.Create(
            CultureInfo.InvariantCulture,
            $"# The best of {trials} trials.\n# {Quoted.Name(objective.Metric.Name)}: {objective.Kind.ToString().ToLowerInvariant()} {best.Objective:0.######}; {scores}\n");
        return heading + Relocate(recipe, folder).ToYaml();
    }

    private static Recipe Relocate(Recipe recipe, string folder) => recipe.WithPaths(path => Path.IsPathRooted(path.Written)
        ? path
        : path with { Written = Path.GetRelativePath(folder, path.Resolved).Replace('\\', '/') });
}
