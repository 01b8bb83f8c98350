using DemEngine.Checkpoints.Folders;
using DemEngine.Evaluation.Language;
using DemEngine.Files;
using DemEngine.Merging.Output;
using DemEngine.Recipes;
using DemEngine.Stores;

namespace DemEngine.Search;

/// <summary>
/// Reads the tokenizer of the models that a search merges: that of an input that has the same files, or otherwise the one that
/// the recipe makes.
/// </summary>
internal static class MergedTokenizer
{
    /// <summary>Reads the tokenizer of the merged models.</summary>
    /// <param name="merge">Merge that makes the candidates.</param>
    /// <param name="recipe">Recipe that is merged.</param>
    /// <param name="config">Configuration of the merged models.</param>
    /// <param name="reader">Reader of models' own tokenizers; null where they are known to have none.</param>
    /// <exception cref="DemException">
    /// DEM4001, DEM4002 (DiskFull, WriteFailed): the tokenizer cannot be written to a temporary folder. DEM2023 (BadSideFile): an
    /// input's tokenizer cannot be read.
    /// </exception>
    public static ITokenizer Read(MemoryMerge merge, Recipe recipe, LlamaConfig config, ITokenizerReader? reader)
    {
        Dictionary<string, byte[]> merged = SideFiles.TokenizerOf(merge.SideFiles);
        string? origin = new[] { recipe.TokenizerSource?.Path?.Resolved, merge.BaseFolder }
            .FirstOrDefault(folder => HasTokenizer(folder, merged));
        return origin is null ? ReadMade(merged, config, reader) : Tokenizers.Of(origin, config, reader);
    }

    private static bool HasTokenizer(string? folder, Dictionary<string, byte[]> merged) =>
        Directory.Exists(folder)
        && SideFiles.ReadTokenizer(folder) is var own
        && own.Count == merged.Count
        && own.All(file => merged.TryGetValue(file.Key, out byte[]? contents) && contents.AsSpan().SequenceEqual(file.Value));

    /// <summary>
    /// Reads a tokenizer that exists only in memory. Tokenizers are read from files, so the files are written to a temporary
    /// folder, which is deleted afterwards.
    /// </summary>
    private static ITokenizer ReadMade(Dictionary<string, byte[]> files, LlamaConfig config, ITokenizerReader? reader)
    {
        DirectoryInfo? folder = null;
        try
        {
            folder = TemporaryFolder.Create("merged-tokenizer-");
            foreach (var (name, contents) in files)
            {
                string file = Path.Combine(folder.FullName, name);
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                File.WriteAllBytes(file, contents);
            }

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
