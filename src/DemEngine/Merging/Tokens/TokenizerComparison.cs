using DemEngine.Errors;
using DemEngine.Merging.Models;
using DemEngine.Recipes;
using DemEngine.Vocabularies;

namespace DemEngine.Merging.Tokens;

/// <summary>Compares the tokenizers of models whose rows are merged as they lie.</summary>
internal static class TokenizerComparison
{
    /// <summary>Describes how the tokenizers of sources differ from the base's.</summary>
    /// <param name="origin">The base.</param>
    /// <param name="name">Name of the base in the recipe.</param>
    /// <param name="sources">Sources of the recipe.</param>
    /// <param name="models">Finder of the models that the recipe names.</param>
    public static IEnumerable<string> Remarks(
        SourceModel origin, string name, IEnumerable<RecipeModel> sources, SourceModels models)
    {
        foreach (ModelPath path in sources.Where(source => !source.IsVector)
            .Select(source => source.Path)
            .DistinctBy(path => path.Resolved))
        {
            SourceModel source = models.Find(path);
            if (!ReferenceEquals(source, origin) && Difference(origin, name, source, path.Written) is { } difference)
                yield return difference;
        }
    }

    private static string? Difference(SourceModel origin, string name, SourceModel source, string other)
    {
        IReadOnlyDictionary<string, byte[]> files;
        try
        {
            files = source.Files;
        }
        catch (DemException)
        {
            // A source's small files are not needed, so that one which cannot be read stops nothing.
            return null;
        }

        if (VocabularyReader.HaveSameFiles(files, origin.Files)
            || !VocabularyReader.HasAny(files) || !VocabularyReader.HasAny(origin.Files))
            return null;
        string of = $"the tokenizer of {Quoted.Name(other)}";
        if (VocabularyReader.TryRead(origin.Files, name) is not { } own || VocabularyReader.TryRead(files, other) is not { } its)
            return $"{of} is in other files than the base's, and whether its tokens are the same could not be found out; "
                + "rows are merged as they lie";
        if (!its.Equals(own))
            return $"{of} differs from the base's: {Tokens(own, its)}; rows are merged as they lie (see `tokenizer_source`)";
        if (!files.TryGetValue(TokenizerFile.FileName, out byte[]? one)
            || !origin.Files.TryGetValue(TokenizerFile.FileName, out byte[]? two))
            return null;
        string[] parts = Parts(TokenizerFile.Parse(two, name), TokenizerFile.Parse(one, other));
        return parts.Length == 0
            ? null
            : $"{of} has the base's tokens, but other {string.Join(" and ", parts)}; the output has the base's";
    }

    private static string[] Parts(TokenizerFile own, TokenizerFile its)
    {
        try
        {
            return [.. own.DifferencesTo(its), .. own.HasMergesOf(its) ? Array.Empty<string>() : ["merges"]];
        }
        catch (DemException)
        {
            return ["merges that could not be read"];
        }
    }

    private static string Tokens(Vocabulary own, Vocabulary its)
    {
        int moved = 0, missing = 0;
        string? example = null;
        for (int id = 0; id < own.Size; id++)
        {
            if (own.TokenOf(id) is not { } token || its.Find(token) == id)
                continue;
            if (its.Find(token) is { } there)
                (moved, example) = (moved + 1, example ?? $"{Quoted.Name(token)} is {there} there and {id} in the base");
            else
                (missing, example) = (missing + 1, example ?? $"{Quoted.Name(token)}, {id} in the base, is not there");
        }

        int added = its.Ids.Keys.Count(token => own.Find(token) is null);
        string[] counts =
        [
            .. moved > 0 ? [$"{moved} tokens have other ids"] : Array.Empty<string>(),
            .. missing > 0 ? [$"{missing} of the base's are not there"] : Array.Empty<string>(),
            .. added > 0 ? [$"{added} are new"] : Array.Empty<string>(),
        ];
        return string.Join(", ", counts) + (example is null ? "" : $" ({example})");
    }
}
