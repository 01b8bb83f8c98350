using DemEngine.Recipes.Text;

namespace DemEngine.Recipes;

/// <summary>
/// Files that are given where a recipe is wanted, and read as YAML too. What kind they are is the one thing to say of them: none
/// of their keys is a slip in a recipe.
/// </summary>
internal static class OtherFiles
{
    private const string Configuration = "this is the configuration of a model or an adapter, not a recipe";

    // Keys that files of the kind have, and no recipe.
    private static readonly Dictionary<string, string> Kinds = new()
    {
        ["dem_plan"] =
            "this is a plan in parts, not a recipe: \"dem merge PLAN --part K\" makes a part of it, and \"dem join PLAN\" the "
            + "output",
        ["architectures"] = Configuration,
        ["peft_type"] = Configuration,
        ["weight_map"] = "this is the index of a model's shards, not a recipe",
    };

    /// <summary>Checks that a file is a recipe and none of another kind.</summary>
    /// <param name="entries">Keys at the top of the file, with their values.</param>
    /// <param name="file">Name of the file in messages.</param>
    /// <param name="key">Key that every recipe of the wanted kind has.</param>
    /// <returns>The entries.</returns>
    /// <exception cref="DemException">DEM3007 (UnsupportedFeature): it is of another kind.</exception>
    public static IReadOnlyList<MapEntry> Refuse(IReadOnlyList<MapEntry> entries, string file, string key)
    {
        if (entries.All(entry => entry.Key != key) && entries.FirstOrDefault(entry => Kinds.ContainsKey(entry.Key)) is { } found)
            throw new SourceLocation(file, found.Line, "").Error(
                ErrorCode.UnsupportedFeature, Kinds[found.Key], "Give the recipe's own file.");
        return entries;
    }
}
