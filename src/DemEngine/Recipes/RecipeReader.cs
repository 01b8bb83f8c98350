using System.Text;
using DemEngine.Files;
using DemEngine.Recipes.Text;
using DemEngine.Recipes.Values;
using DemEngine.Stores;

namespace DemEngine.Recipes;

/// <summary>Reads recipes: YAML in mergekit's schema.</summary>
public static class RecipeReader
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// Parses the recipes of a text. If there are several, one of them makes the result and the others are its upstream recipes.
    /// Paths are not resolved; every path stays as it is written.
    /// </summary>
    /// <param name="text">YAML text; at most 1 MiB of UTF-8.</param>
    /// <param name="name">Name of the recipe in messages, such as its file name.</param>
    /// <returns>The recipe that makes the result.</returns>
    /// <exception cref="DemException">
    /// DEM3002 (RecipeNotYaml), DEM3003 (UnknownKey), DEM3004 (WrongValue), DEM3005 (MissingKey), DEM3007 (UnsupportedFeature),
    /// DEM3008 (DuplicateKey) or DEM3009 (WrongModelCount), the last if there is no model at all.
    /// </exception>
    public static Recipe Parse(string text, string name)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(name);
        return RecipeStages.Link(ReadAll(text, name));
    }

    /// <summary>Reads a recipe file and resolves the paths of its models.</summary>
    /// <param name="path">Path of the recipe file.</param>
    /// <returns>The recipe, with resolved paths.</returns>
    /// <exception cref="DemException">
    /// DEM3001 (RecipeNotFound), DEM2001 (CheckpointNotFound), or any error of <see cref="Parse"/>.
    /// </exception>
    public static Recipe ReadFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Recipe recipe = Parse(ReadText(path), path);
        return Resolve(recipe, Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>
    /// Reads a recipe file that may have several results, and resolves the paths of its models. A recipe whose result another one
    /// of the file uses makes no result of its own.
    /// </summary>
    /// <param name="path">Path of the recipe file.</param>
    /// <returns>
    /// The recipes that make the results, with resolved paths, in the order of the file; at least one. Where there are several,
    /// each has a name that can be the name of a folder.
    /// </returns>
    /// <exception cref="DemException">
    /// DEM3001 (RecipeNotFound), DEM2001 (CheckpointNotFound), or any error of <see cref="Parse"/>.
    /// </exception>
    public static ValueList<Recipe> ReadResults(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Results(RecipeSource.ReadFile(path));
    }

    /// <summary>
    /// Reads recipes from a stream as <see cref="ReadResults(string)"/> does from a file. Relative paths start from the current
    /// folder.
    /// </summary>
    /// <param name="stream">YAML text, at most 1 MiB of UTF-8; it is read to its end.</param>
    /// <param name="name">Name of the recipe in messages.</param>
    /// <exception cref="DemException">Any error of <see cref="ReadResults(string)"/>.</exception>
    public static ValueList<Recipe> ReadResults(Stream stream, string name)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentException.ThrowIfNullOrEmpty(name);
        return Results(RecipeSource.Read(stream, name));
    }

    /// <summary>
    /// Resolves the paths of the models that a recipe names: a relative path starts from the recipe's folder if something exists
    /// there, else from the current folder.
    /// </summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="folder">Path of the folder that holds the recipe.</param>
    /// <returns>The recipe, in which every <see cref="ModelPath.Resolved"/> is an absolute path.</returns>
    /// <exception cref="DemException">
    /// DEM2001 (CheckpointNotFound): a path leads nowhere; the message gives its key and line.
    /// </exception>
    public static Recipe Resolve(Recipe recipe, string folder)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return recipe.WithPaths(path => path.IsStage ? path : Locate(path, folder));
    }

    /// <summary>Parses recipes as <see cref="ReadResults(string)"/> does, wherever their text was read.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="DemException">Any error of <see cref="ReadResults(string)"/>.</exception>
    internal static ValueList<Recipe> Results(RecipeSource text)
    {
        ValueList<Recipe> results = RecipeStages.Results(ReadAll(text.Text, text.Name));
        foreach (Recipe result in results.Count > 1 ? results : [])
            CheckFolderName(result);
        var places = new SearchedFolders(text.Folder, text.Here);
        return [.. results.Select(result => result.WithPaths(path => path.IsStage ? path : Locate(path, places)))];
    }

    private static Recipe[] ReadAll(string text, string name)
    {
        IReadOnlyList<RecipeNode> roots = NodeReader.Read(text, name);
        return roots.Count == 0 ? [RecipeSchema.Read(null, name)] : [.. roots.Select(root => RecipeSchema.Read(root, name))];
    }

    /// <summary>Checks that a result among several has a name that can be that of a folder.</summary>
    /// <exception cref="DemException">DEM3005 (MissingKey) or DEM3004 (WrongValue).</exception>
    internal static void CheckFolderName(Recipe result)
    {
        if (result.Name is not { } name)
            throw result.Place.Error(ErrorCode.MissingKey,
                "the file has several results, which are written into folders of their names, and this one has no \"name\"");
        if (name.Value.AsSpan().ContainsAny('/', '\\', '\0') || name.Value.StartsWith('.') || name.Value.Any(char.IsControl))
            throw name.Place.Error(ErrorCode.WrongValue,
                $"{Shown.Quote(name.Value)} cannot be the name of the folder that the result is written into");
    }

    /// <summary>Resolves the path of one model; see <see cref="Resolve"/>.</summary>
    internal static ModelPath Locate(ModelPath path, string folder) =>
        Locate(path, new SearchedFolders(folder, RecipeSource.HereOr(folder)));

    private static ModelPath Locate(ModelPath path, SearchedFolders folder)
    {
        if (path.Lora is not null)
            RefuseSeveral(path.Written, path.Place, folder);
        if (path.Lora is { } lora)
            return With(path, Require(path.WrittenModel, path.Place, folder), Require(lora, path.Place, folder));
        if (Locate(path.Written, folder) is { } found)
            return path with { Resolved = found };
        AdaptedPath[] divided = [.. AdaptedPath.Divide(path.Written)];
        foreach (AdaptedPath parts in divided)
        {
            if (Locate(parts.Model, folder) is { } model && Locate(parts.Adapter, folder) is { } adapter)
                return With(path, model, adapter);
        }

        RefuseSeveral(path.Written, path.Place, folder);

        // Of the two paths the one that is not there is named.
        return divided is [var pair]
            ? With(path, Require(pair.Model, path.Place, folder), Require(pair.Adapter, path.Place, folder))
            : path with { Resolved = Require(path.Written, path.Place, folder) };
    }

    private static ModelPath With(ModelPath path, string model, string adapter) =>
        path with { Resolved = $"{model}+{adapter}", Adapted = new AdaptedPath(model, adapter) };

    private static void RefuseSeveral(string written, SourceLocation place, SearchedFolders folder)
    {
        if (AdaptedPath.Several(written, one => Locate(one, folder) is not null) is { } several)
            throw place.Error(
                ErrorCode.SeveralAdapters,
                $"{Shown.Quote(written)}: there are {several.Count - 1} adapters beside the model, and one is read",
                AdaptedPath.RemedyFor(several));
    }

    private static string? Locate(string written, SearchedFolders folder)
    {
        string beside = folder.Beside(written);
        string fromHere = folder.FromHere(written);
        return Path.Exists(beside) ? beside : Path.Exists(fromHere) ? fromHere : NamedModel.Find(written);
    }

    private static string Require(string written, SourceLocation place, SearchedFolders folder)
    {
        if (Locate(written, folder) is { } found)
            return found;
        if (FileStores.IsAddress(written))
            throw place.Error(ErrorCode.StoreFileNotFound, $"{Shown.Quote(written)} is not there");
        string beside = folder.Beside(written);
        string fromHere = folder.FromHere(written);
        string looked = beside == fromHere ? beside : $"{beside} and {fromHere}";
        bool isId = HubCache.IsId(written) && written.Contains('/', StringComparison.Ordinal);
        if (isId)
            looked += ", and in the local Hugging Face cache";
        throw place.Error(ErrorCode.CheckpointNotFound,
            $"{Shown.Quote(written)} is not there (looked for {looked})",
            remedy: isId ? HubCache.RemedyFor(written) : null);
    }

    internal static string ReadText(Stream stream, string name)
    {
        // The length is not trusted, since the stream may be a pipe.
        var buffer = new byte[NodeReader.MaxBytes + 1];
        int length = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        if (length > NodeReader.MaxBytes) throw NodeReader.TooLarge(name);
        ReadOnlySpan<byte> bytes = buffer.AsSpan(0, length);
        try
        {
            return StrictUtf8.GetString(bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[3..] : bytes);
        }
        catch (DecoderFallbackException error)
        {
            throw new DemException(
                ErrorCode.RecipeNotYaml,
                $"{name}: this is not UTF-8 text, as a recipe is",
                error,
                "Give the recipe's file; if this is one, save it again as UTF-8.")
            {
                Path = name,
            };
        }
    }

    internal static string ReadText(string path)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            return ReadText(file, path);
        }
        catch (Exception) when (Directory.Exists(path))
        {
            throw new DemException(ErrorCode.RecipeNotFound, $"{path}: this is a folder; a recipe is a YAML file")
            {
                Path = path,
            };
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DemException(ErrorCode.RecipeNotFound, $"{path}: there is no such file", error) { Path = path };
        }
        catch (Exception error)
            when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new DemException(ErrorCode.RecipeNotFound, $"{path}: {error.Message}", error) { Path = path };
        }
    }

    /// <summary>Folders from which relative paths lead.</summary>
    /// <param name="Folder">Folder of the recipe.</param>
    /// <param name="Here">Folder that was current.</param>
    private readonly record struct SearchedFolders(string Folder, string Here)
    {
        // Trimmed so that models/base and models/base/ are one model.
        public string Beside(string written) =>
            Path.TrimEndingDirectorySeparator(Path.GetFullPath(written, Path.GetFullPath(Folder)));

        public string FromHere(string written) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(written, Here));
    }
}
