using DemEngine.Memory;

namespace DemEngine.Stores;

/// <summary>
/// Local folder that stands for a folder of a store. The small files that describe a model are copied into it when it is made;
/// each other file has a stand-in of a few words under its name, and its bytes are read from the store when they are needed. No
/// model is ever copied.
/// </summary>
internal sealed class StoreCopy
{
    private const long LargestCopied = 64 << 20;
    private const int MostFiles = 10_000;
    private const int DeepestFolder = 6;
    private const int Requests = 8;

    // What describes a model: configuration, tokenizer, templates, code, terms and the index of the weights.
    private static readonly string[] CopiedSuffixes =
        ["", ".json", ".jinja", ".txt", ".model", ".md", ".py", ".tiktoken", ".spm", ".yml", ".yaml", ".codes"];

    private StoreCopy(string folder, StoreFolder listed)
    {
        Folder = folder;
        Listed = listed;
    }

    /// <summary>Path of the local folder.</summary>
    public string Folder { get; }

    /// <summary>The folder of the store as it was listed.</summary>
    public StoreFolder Listed { get; }

    /// <summary>Makes the local folder.</summary>
    /// <param name="client">The store.</param>
    /// <param name="listed">The folder of the store.</param>
    /// <param name="folder">Path of the local folder, which is not there yet.</param>
    /// <param name="standsFor">Called for each stand-in with its path and the file that it stands for.</param>
    /// <exception cref="DemException">
    /// DEM2072 (BadStoreAnswer): a name leads out of the folder. DEM2074 (StoreFolderTooLarge): it holds too many files. Any
    /// error of <see cref="StoreClient.Read"/>.
    /// </exception>
    public static StoreCopy Make(
        StoreClient client, StoreFolder listed, string folder, Action<string, StoreFile> standsFor)
    {
        StoreFile[] files = [.. listed.Files.Where(file => file.Path.Split('/').Length <= DeepestFolder)];
        if (files.Length > MostFiles)
            throw new DemException(
                ErrorCode.StoreFolderTooLarge, $"{listed.Address}: {files.Length} files lie there, more than {MostFiles}")
            {
                Path = listed.Address,
            };
        Directory.CreateDirectory(folder);
        foreach (StoreFile file in files)
        {
            if (!IsInside(file.Path))
                throw new DemException(
                    ErrorCode.BadStoreAnswer, $"{listed.Address}: the store lists a name that leads out of the folder")
                {
                    Path = listed.Address,
                };
            Directory.CreateDirectory(Path.GetDirectoryName(PathOf(folder, file))!);
            if (!IsCopied(file))
            {
                File.WriteAllText(PathOf(folder, file), $"This stands for {file.Address}, {file.Length} bytes.\n");
                standsFor(PathOf(folder, file), file);
            }
        }

        StoreFile[] small = [.. files.Where(IsCopied)];
        int next = -1;
        WorkerThreads.Run(
            Math.Clamp(small.Length, 1, Requests),
            (_, stop) =>
            {
                for (int k; (k = Interlocked.Increment(ref next)) < small.Length && !stop.IsCancellationRequested;)
                    File.WriteAllBytes(PathOf(folder, small[k]), client.ReadAll(small[k]));
            },
            CancellationToken.None);
        return new StoreCopy(folder, listed);
    }

    private static bool IsCopied(StoreFile file) =>
        file.Length <= LargestCopied
        && CopiedSuffixes.Contains(Path.GetExtension(file.Path), StringComparer.OrdinalIgnoreCase);

    private static string PathOf(string folder, StoreFile file) =>
        Path.Combine([folder, .. file.Path.Split('/')]);

    private static bool IsInside(string path) => path.Split('/').All(part =>
        part.Length is > 0 and <= 255 && part is not ("." or "..")
        && part.AsSpan().IndexOfAny('\\', ':') < 0 && !part.Any(char.IsControl));
}
