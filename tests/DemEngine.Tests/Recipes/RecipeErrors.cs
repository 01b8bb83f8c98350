using DemEngine.Recipes;

namespace DemEngine.Tests.Recipes;

/// <summary>What the tests of wrong recipes share.</summary>
internal static class RecipeErrors
{
    public static Recipe Parse(string text) => RecipeReader.Parse(text, "r.yaml");

    /// <summary>A recipe with these lines, from line 5, under the parameters of its one model.</summary>
    public static Recipe WithModelParameters(string lines) =>
        Parse("merge_method: dem\nmodels:\n  - model: a\n    parameters:\n" + Indent(lines, 6));

    public static DemException Of(string text) => Of(() => Parse(text));

    public static DemException Of(Action act) => Assert.Throws<DemException>(() => act())!;

    public static string Indent(string lines, int by) =>
        string.Join("\n", lines.Split('\n').Select(line => line.Length == 0 ? line : new string(' ', by) + line)) + "\n";
}
