using System.Text;
using DemEngine.Recipes.Text;

namespace DemEngine.Recipes;

/// <summary>Reads recipes: YAML in mergekit's schema.</summary>
public static class RecipeReader
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// Reads a recipe from a text, or several in one, of which one makes the result and the others are its stages. No file is looked for:
    /// every path stays as it is written.
    /// </summary>
    /// <param name="text">The YAML; at most 1 MiB of UTF-8.</param>
    /// <param name="name">What messages call the recipe, such as its file name.</param>
    /// <returns>The recipe.</returns>
    /// <exception cref="DemException">
    /// RecipeNotYaml, DuplicateKey, UnknownKey, MissingKey, WrongValue, WrongModelCount (no model at all) or UnsupportedFeature.
    /// </exception>
    public static Recipe Parse(string text, string name)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(name);
        IReadOnlyList<RecipeNode> roots = NodeReader.Read(text, name);
        return roots.Count == 0
            ? RecipeSchema.Read(null, name)
            : RecipeStages.Link([.. roots.Select(root => RecipeSchema.Read(root, name))]);
    }

    /// <summary>Reads a recipe file and finds its models.</summary>
    /// <param name="path">The recipe's path.</param>
    /// <returns>The recipe, with its paths resolved.</returns>
    /// <exception cref="DemException">
    /// RecipeNotFound, CheckpointNotFound, or whatever <see cref="Parse"/> finds wrong.
    /// </exception>
    public static Recipe ReadFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Recipe recipe = Parse(ReadText(path), path);
        return Resolve(recipe, Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>
    /// Finds the models that a recipe names: a relative path leads from the recipe's folder if something is there, else from the
    /// current folder.
    /// </summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="folder">The folder that it lies in.</param>
    /// <returns>The recipe, with an absolute <see cref="ModelPath.Resolved"/> throughout.</returns>
    /// <exception cref="DemException">CheckpointNotFound, with the key and line of a path that leads nowhere.</exception>
    public static Recipe Resolve(Recipe recipe, string folder)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return recipe.WithPaths(path => path.IsStage ? path : path with { Resolved = Locate(path, folder) });
    }

    private static string Locate(ModelPath path, string folder)
    {
        // So that models/base and models/base/ are one model.
        string beside = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path.Written, Path.GetFullPath(folder)));
        string fromHere = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path.Written));
        if (Path.Exists(beside)) return beside;
        if (Path.Exists(fromHere)) return fromHere;
        if (path.Written.Contains('@'))
            throw path.Place.Error(ErrorCode.UnsupportedFeature, $"{Shown.Quote(path.Written)} is not there, and revisions (\"model@revision\") are not supported: models are read from disk");
        string looked = beside == fromHere ? beside : $"{beside} and {fromHere}";
        throw path.Place.Error(ErrorCode.CheckpointNotFound,
            $"{Shown.Quote(path.Written)} is not there (looked for {looked}); models are read from disk and never downloaded");
    }

    private static string ReadText(string path)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            // Never trusts a length: what the path names may be a pipe.
            var buffer = new byte[NodeReader.MaxBytes + 1];
            int length = file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            if (length > NodeReader.MaxBytes) throw NodeReader.TooLarge(path);
            ReadOnlySpan<byte> bytes = buffer.AsSpan(0, length);
            return StrictUtf8.GetString(bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[3..] : bytes);
        }
        catch (DecoderFallbackException error)
        {
            throw new DemException(ErrorCode.RecipeNotYaml, $"{path}: the file is not UTF-8 text", error);
        }
        catch (Exception) when (Directory.Exists(path))
        {
            throw new DemException(ErrorCode.RecipeNotFound, $"{path}: this is a folder; a recipe is a YAML file");
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DemException(ErrorCode.RecipeNotFound, $"{path}: there is no such file", error);
        }
        catch (Exception error)
            when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new DemException(ErrorCode.RecipeNotFound, $"{path}: {error.Message}", error);
        }
    }
}
