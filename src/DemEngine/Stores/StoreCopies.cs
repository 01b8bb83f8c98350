using System.Collections.Concurrent;

namespace DemEngine.Stores;

/// <summary>
/// Local folders that stand for those of stores, in a temporary folder that is removed when the process ends. A folder that was
/// listed a while ago is listed again, and gets another local folder where it changed: files of two versions never lie together.
/// </summary>
internal static class StoreCopies
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);
    private static readonly Lock Making = new();
    private static readonly Dictionary<Place, (StoreCopy Copy, long Time)> ByAddress = [];
    private static readonly ConcurrentDictionary<string, StandIn> StandIns = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, string> Addresses = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, DemException> Refusals = new(StringComparer.Ordinal);
    private static readonly string[] FileSuffixes =
        [".safetensors", ".gguf", ".bin", ".pt", ".pth", ".ckpt", ".index.json"];

    private static string? _root;
    private static int _count;

    /// <summary>A file of a store, and the store.</summary>
    /// <param name="Client">The store.</param>
    /// <param name="File">The file.</param>
    internal sealed record StandIn(StoreClient Client, StoreFile File);

    private readonly record struct Place(StoreClient Client, string Address, string? File);

    /// <summary>Finds the local path of a folder or file of a store.</summary>
    /// <param name="text">An address, or anything else that names a model.</param>
    /// <returns>Path of a folder, or of a stand-in; null where the text is no address.</returns>
    /// <exception cref="DemException">
    /// DEM1050 (BadStoreAddress), DEM2070 (StoreFileNotFound) to DEM2074 (StoreFolderTooLarge), DEM4050 (StoreNotReached).
    /// </exception>
    public static string? Find(string text)
    {
        if (!FileStores.IsAddress(text))
            return null;
        string address = text.TrimEnd('/');
        StoreClient client = FileStores.Of(address);
        if (!FileSuffixes.Any(suffix => address.EndsWith(suffix, StringComparison.OrdinalIgnoreCase)))
            return FolderOf(client, address, null);
        int slash = address.LastIndexOf('/');
        string name = Uri.UnescapeDataString(address[(slash + 1)..]);
        string folder = FolderOf(client, address[..slash], name);
        string path = Path.Combine(folder, name);
        return name.AsSpan().IndexOfAny('/', '\\') < 0 && File.Exists(path)
            ? path
            : throw RefusalOf(folder) ?? new DemException(ErrorCode.StoreFileNotFound, $"{address}: there is no such file")
            {
                Path = address,
            };
    }

    /// <summary>
    /// The error of a folder that lacks what is needed, where its store refused files that it may have; null for other folders.
    /// </summary>
    /// <param name="folder">Path of the folder.</param>
    public static DemException? RefusalOf(string folder) =>
        !Refusals.IsEmpty && Refusals.TryGetValue(Path.GetFullPath(folder), out DemException? refusal) ? refusal : null;

    /// <summary>Finds what a local file stands for; null where it is a file of its own.</summary>
    /// <param name="path">Path of the file.</param>
    public static StandIn? FileAt(string path) =>
        !StandIns.IsEmpty && StandIns.TryGetValue(Path.GetFullPath(path), out StandIn? standIn) ? standIn : null;

    /// <summary>Reads a file whole: a local one, or the one that it stands for.</summary>
    /// <param name="path">Path of the file.</param>
    public static byte[] ReadAllBytes(string path) =>
        FileAt(path) is { } standIn ? standIn.Client.ReadAll(standIn.File) : File.ReadAllBytes(path);

    /// <summary>Opens a file: a local one, or the one that it stands for.</summary>
    /// <param name="path">Path of the file.</param>
    public static Stream OpenRead(string path) =>
        FileAt(path) is { } standIn ? new StoreStream(standIn.Client, standIn.File) : File.OpenRead(path);

    /// <summary>Length of a file in bytes: of a local one, or of the one that it stands for.</summary>
    /// <param name="file">The file.</param>
    public static long LengthOf(FileInfo file) => FileAt(file.FullName)?.File.Length ?? file.Length;

    /// <summary>Puts addresses in place of the local paths that stand for them, in a text for people.</summary>
    /// <param name="text">The text.</param>
    public static string WithAddresses(string text)
    {
        if (_root is null || !text.Contains(_root, StringComparison.Ordinal))
            return text;
        foreach (var (folder, address) in Addresses)
            text = text.Replace(folder, address, StringComparison.Ordinal);
        return text;
    }

    private static string FolderOf(StoreClient client, string address, string? file)
    {
        lock (Making)
        {
            bool isKnown = ByAddress.TryGetValue(new Place(client, address, file), out (StoreCopy Copy, long Time) known);
            if (isKnown && Environment.TickCount64 - known.Time < Lifetime.TotalMilliseconds)
                return known.Copy.Folder;
            StoreFolder listed = client.List(address, file);
            StoreCopy copy = isKnown && IsSame(known.Copy.Listed, listed) ? known.Copy : Make(client, listed);
            ByAddress[new Place(client, address, file)] = (copy, Environment.TickCount64);
            return copy.Folder;
        }
    }

    private static bool IsSame(StoreFolder before, StoreFolder now) =>
        before.Address == now.Address && now.Files.All(file => file.Version.Length > 0)
        && before.Files.ToHashSet().SetEquals(now.Files);

    private static StoreCopy Make(StoreClient client, StoreFolder listed)
    {
        // The path shows the address, for messages that have it.
        string[] parts =
        [
            .. listed.Address[(listed.Address.IndexOf("://", StringComparison.Ordinal) + 3)..].Split('/')
                .Select(part => string.Concat(part.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' ? c : '_')))
                .Where(part => part.Trim('.').Length > 0),
        ];
        string folder = Path.Combine([Root(), $"{++_count}", .. parts]);
        Addresses[folder] = listed.Address;
        if (listed.Refusal is { } refusal)
            Refusals[folder] = refusal;
        return StoreCopy.Make(
            client, listed, folder, (path, file) => StandIns[Path.GetFullPath(path)] = new StandIn(client, file));
    }

    private static string Root()
    {
        if (_root is null)
        {
            _root = TemporaryFolder.Create("dem-stores-").FullName;
            AppDomain.CurrentDomain.ProcessExit += (_, _) => Remove();
        }

        return _root;
    }

    private static void Remove()
    {
        try
        {
            Directory.Delete(_root!, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What is left are small files in the system's temporary folder.
        }
    }
}
