using DemEngine.Checkpoints;
using DemEngine.Evaluation.Language;
using DemEngine.Files;
using DemEngine.Merging.Output;
using DemEngine.Recipes;

namespace DemEngine.Search;

/// <summary>The tokenizer of the models that a search merges: that of an input where they have it as it is, else the one that the recipe makes.</summary>
internal static class MergedTokenizer
{
    /// <summary>Reads it.</summary>
    /// <param name="merge">The candidates.</param>
    /// <param name="recipe">What is merged.</param>
    /// <param name="config">Of the merged models.</param>
    /// <param name="reader">Reads models' own tokenizers; null where they are known to have none.</param>
    /// <exception cref="DemException">DEM4001, DEM4002: there is no room to put it where it can be read. DEM2023: an input's cannot be read.</exception>
    public static ITokenizer Read(MemoryMerge merge, Recipe recipe, LlamaConfig config, ITokenizerReader? reader)
    {
        Dictionary<string, byte[]> merged = SideFiles.TokenizerOf(merge.SideFiles);
        string? origin = new[] { recipe.TokenizerSource?.Path?.Resolved, merge.BaseFolder }.FirstOrDefault(folder => HasTokenizer(folder, merged));
        return origin is null ? ReadMade(merged, config, reader) : Tokenizers.Of(origin, config, reader);
    }

    private static bool HasTokenizer(string? folder, Dictionary<string, byte[]> merged) =>
        Directory.Exists(folder) && SideFiles.ReadTokenizer(folder) is var own && own.Count == merged.Count
        && own.All(file => merged.TryGetValue(file.Key, out byte[]? contents) && contents.AsSpan().SequenceEqual(file.Value));

    /// <summary>A tokenizer is read from files. These are there no longer than that takes.</summary>
    private static ITokenizer ReadMade(Dictionary<string, byte[]> files, LlamaConfig config, ITokenizerReader? reader)
    {
        DirectoryInfo? folder = null;
        try
        {
            folder = Directory.CreateTempSubdirectory("merged-tokenizer-");
            foreach (var (name, contents) in files)
                File.WriteAllBytes(Path.Combine(folder.FullName, name), contents);
            return Tokenizers.Of(folder.FullName, config, reader);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw WriteError.From(e, folder?.FullName ?? Path.GetTempPath());
        }
        finally
        {
            folder?.Delete(recursive: true);
        }
    }
}
