using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Folders;
using DemEngine.Files;
using DemEngine.Stores;

namespace DemEngine.Analysis.Folders;

/// <summary>
/// Compares the files of a folder with those that its manifest lists: side files and the index whole, shards by their lengths
/// and headers, since the tensors in them have hashes of their own.
/// </summary>
internal static class FileVerification
{
    // People write in a model's card after it is made, and nothing reads it to run the model.
    private const string Card = "README.md";

    /// <summary>Compares the files.</summary>
    /// <param name="folder">Path of the folder.</param>
    /// <param name="stated">Files that the manifest lists.</param>
    /// <exception cref="DemException">DEM2022 (UnreadableFile): the folder or a file cannot be read.</exception>
    public static VerifiedFiles Run(string folder, IReadOnlyList<ManifestFile> stated)
    {
        var differing = ImmutableArray.CreateBuilder<string>();
        var missing = ImmutableArray.CreateBuilder<string>();
        var extra = ImmutableArray.CreateBuilder<string>();
        var notes = ImmutableArray.CreateBuilder<string>();
        foreach (ManifestFile file in stated)
        {
            string path = Path.Combine(folder, file.Path);
            bool isThere = File.Exists(path) && !LinuxFile.IsSpecial(path);
            if (isThere && IsAsStated(path, file))
                continue;
            if (file.Path == Card)
                notes.Add(isThere ? $"{Card} was edited after it was written" : $"{Card} is not there any more");
            else
                (isThere ? differing : missing).Add(file.Path);
        }

        HashSet<string> known = [.. stated.Select(file => file.Path), Manifest.FileName, Card];
        foreach (string name in NamesIn(folder).Where(name => !known.Contains(name)))
        {
            if (SideFileKind.IsLoaded(name))
                extra.Add(name);
            else
                notes.Add($"{name} is not of this model");
        }

        return new VerifiedFiles(
            stated.Count, differing.ToImmutable(), missing.ToImmutable(), extra.ToImmutable(), notes.ToImmutable());
    }

    private static bool IsAsStated(string path, ManifestFile stated)
    {
        try
        {
            using Stream file = StoreCopies.OpenRead(path);
            return file.Length == stated.Bytes && ManifestFile.HashOf(file, stated.HeaderBytes ?? stated.Bytes) == stated.Hash;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.UnreadableFile, $"{path}: {e.Message}", e);
        }
    }

    /// <summary>Paths of the files in a folder, with slashes, without hidden ones and those in hidden folders.</summary>
    private static IEnumerable<string> NamesIn(string folder)
    {
        try
        {
            return
            [
                .. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                    .Select(file => Path.GetRelativePath(folder, file).Replace(Path.DirectorySeparatorChar, '/'))
                    .Where(name => !name.Split('/').Any(part => part[0] == '.'))
                    .Order(StringComparer.Ordinal),
            ];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.UnreadableFile, $"{folder}: {e.Message}", e);
        }
    }
}
