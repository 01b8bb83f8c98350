using DemEngine.Files;

namespace DemEngine.Recipes;

/// <summary>The text of a recipe file, with all that its paths depend on: it reads the same on another machine.</summary>
/// <param name="Text">YAML text.</param>
/// <param name="Name">Name of the recipe in messages, such as its file name.</param>
/// <param name="Folder">Full path of the folder that relative paths lead from first.</param>
/// <param name="Here">Full path of the folder that they lead from where nothing is there.</param>
internal sealed record RecipeSource(string Text, string Name, string Folder, string Here)
{
    /// <summary>Reads a recipe file.</summary>
    /// <param name="path">Path of the file.</param>
    /// <exception cref="DemException">DEM3001 (RecipeNotFound), DEM3002 (RecipeNotYaml).</exception>
    public static RecipeSource ReadFile(string path)
    {
        string text = RecipeReader.ReadText(path);
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return new(text, path, folder, HereOr(folder));
    }

    /// <summary>Reads a stream to its end. Relative paths lead from the current folder.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="name">Name of the recipe in messages.</param>
    /// <exception cref="DemException">DEM3002 (RecipeNotYaml).</exception>
    public static RecipeSource Read(Stream stream, string name)
    {
        string here = Directory.GetCurrentDirectory();
        return new(RecipeReader.ReadText(stream, name), name, here, here);
    }

    /// <summary>The current folder; another one where it does not exist any more.</summary>
    /// <param name="other">Full path of the other folder.</param>
    public static string HereOr(string other) => WorkingFolder.IsGone ? other : Directory.GetCurrentDirectory();
}
