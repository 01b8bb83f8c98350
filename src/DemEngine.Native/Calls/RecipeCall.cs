using DemEngine.Checkpoints;
using DemEngine.Errors;
using DemEngine.Native.Models;
using DemEngine.Recipes;

namespace DemEngine.Native.Calls;

/// <summary>The recipe of a call, and the models that it names and that are no files.</summary>
internal sealed class RecipeCall : IDisposable
{
    private readonly List<ModelUse> _uses = [];
    private readonly List<string> _names = [];

    /// <param name="text">Text of the recipe; null to read the file at the path.</param>
    /// <param name="path">Path of the recipe; null if it is in no file.</param>
    /// <param name="sources">Names and numbers of the models.</param>
    public RecipeCall(string? text, string? path, IEnumerable<(string Name, nint Model)> sources)
    {
        try
        {
            foreach (var (name, model) in sources)
            {
                _uses.Add(ModelTable.Use(model));
                if (string.IsNullOrWhiteSpace(name) || Sources.Find(name) is not null)
                    throw new DemException(ErrorCode.BadArgument, $"the name \"{name}\" of a source is empty or given twice");
                Sources = Sources.With(name, _uses[^1].Model);
                _names.Add(name);
            }

            Recipe = Read(text, path);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The recipe. Paths are resolved where they name no source.</summary>
    public Recipe Recipe { get; }

    /// <summary>The models by name.</summary>
    public ModelSources Sources { get; private set; } = ModelSources.None;

    public void Dispose()
    {
        foreach (ModelUse use in _uses)
            use.Dispose();
        _uses.Clear();
    }

    private Recipe Read(string? text, string? path)
    {
        if (text is null && path is null)
            throw new DemException(ErrorCode.BadArgument, "one of the arguments recipe and path must be given");
        Recipe recipe = RecipeReader.Parse(text ?? RecipeReader.ReadText(path!), path ?? "recipe");
        string folder = path is null ? Directory.GetCurrentDirectory() : Path.GetDirectoryName(Path.GetFullPath(path))!;
        var named = new HashSet<string>(StringComparer.Ordinal);
        Recipe located = recipe.WithPaths(model =>
        {
            named.Add(model.Written);
            return model.IsStage || Sources.Find(model.Written) is not null ? model : RecipeReader.Locate(model, folder);
        });
        RefuseUnnamed(named);
        return located;
    }

    /// <summary>
    /// Refuses a model that the recipe does not name: under a name that is misspelt it would be left out, and one on disk be
    /// read in its place.
    /// </summary>
    private void RefuseUnnamed(HashSet<string> named)
    {
        string? unnamed = _names.Find(name => !named.Contains(name));
        if (unnamed is not null)
            throw new DemException(
                ErrorCode.BadArgument,
                $"the recipe names no model {Quoted.Name(unnamed)}{Misspelling.DidYouMean(unnamed, named)}, "
                + "which is given as one in memory");
    }
}
