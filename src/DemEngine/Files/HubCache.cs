using System.Text;
using DemEngine.Stores;

namespace DemEngine.Files;

/// <summary>
/// The local cache of Hugging Face's hub: <c>HUB/models--org--name/snapshots/REVISION</c>, with the commits that branches and
/// tags stood at in <c>refs</c>. Nothing is ever downloaded.
/// </summary>
/// <remarks>https://huggingface.co/docs/huggingface_hub/guides/manage-cache</remarks>
internal static class HubCache
{
    private const string Prefix = "models--";
    private const int LongestName = 96;

    /// <summary>
    /// Finds a model by its id, in the folder that <c>HF_HUB_CACHE</c>, <c>HF_HOME</c> or <c>XDG_CACHE_HOME</c> names, or else in
    /// the home folder.
    /// </summary>
    /// <param name="id">Id of the model, <c>org/name</c> or <c>org/name@revision</c>.</param>
    /// <returns>Path of the snapshot; null if the text is no id or the cache does not have the model.</returns>
    public static string? Find(string id)
    {
        if (Parse(id) is not { } parsed)
            return null;
        string repository = Path.Combine(Root(), Prefix + parsed.Name.Replace("/", "--", StringComparison.Ordinal));
        return SnapshotOf(repository, parsed.Revision);
    }

    /// <summary>What to do about a model that the cache does not have.</summary>
    /// <param name="id">Id of the model.</param>
    public static string RemedyFor(string id) =>
        (FileStores.Knows("hf") ? $"Name it as hf://{id} to read it from the hub, without a download of the whole. " : "")
        + $"An id alone is looked for in the local cache: fetch it first, with `hf download {id.Split('@')[0]}`, or "
        + "name a folder.";

    /// <summary>The id of the model in whose folder of a cache a path lies; null if it lies in none.</summary>
    /// <param name="path">Path of a folder.</param>
    public static string? IdOf(string path) => Path.GetFullPath(path).Split(Path.DirectorySeparatorChar)
        .LastOrDefault(part => part.StartsWith(Prefix, StringComparison.Ordinal)) is { } folder
        && folder[Prefix.Length..].Replace("--", "/", StringComparison.Ordinal) is var id && IsId(id)
            ? id
            : null;

    /// <summary>Whether a text has the form of an id, with or without a revision.</summary>
    /// <param name="text">Text to look at.</param>
    public static bool IsId(string text) => Parse(text) is not null;

    /// <summary>Finds the snapshot of a model's own folder in a cache, <c>models--org--name</c>.</summary>
    /// <param name="repository">Path of the folder.</param>
    /// <param name="revision">Branch, tag or commit; null for <c>main</c>, or for the only snapshot.</param>
    /// <returns>Path of the snapshot; null if the folder is no such one or has no such snapshot.</returns>
    /// <exception cref="DemException">DEM4003 (ReadFailed).</exception>
    public static string? SnapshotOf(string repository, string? revision = null)
    {
        string snapshots = Path.Combine(repository, "snapshots");
        if (!Directory.Exists(snapshots))
            return null;

        string reference = Path.Combine(repository, "refs", revision ?? "main");
        string commit = CommitOf(reference) ?? revision ?? "";
        if (IsPlainName(commit) && Directory.Exists(Path.Combine(snapshots, commit)))
            return Path.Combine(snapshots, commit);
        return revision is null && Directory.GetDirectories(snapshots) is [var only] ? only : null;
    }

    /// <summary>The commit that a branch or tag stands at; null where the cache knows none.</summary>
    private static string? CommitOf(string reference)
    {
        try
        {
            // More than a name can be long is no name.
            using FileStream file = File.OpenRead(reference);
            Span<byte> text = stackalloc byte[LongestName + 2];
            return Encoding.UTF8.GetString(text[..file.ReadAtLeast(text, text.Length, throwOnEndOfStream: false)]).Trim();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException || Directory.Exists(reference))
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.ReadFailed, $"{reference}: {e.Message}", e) { Path = reference };
        }
    }

    private static string Root()
    {
        if (Variable("HF_HUB_CACHE") is { } hub)
            return hub;
        if (Variable("HUGGINGFACE_HUB_CACHE") is { } old)
            return old;
        if (Variable("HF_HOME") is { } home)
            return Path.Combine(home, "hub");
        string cache = Variable("XDG_CACHE_HOME")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return Path.Combine(cache, "huggingface", "hub");
    }

    private static string? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static (string Name, string? Revision)? Parse(string id)
    {
        int at = id.IndexOf('@', StringComparison.Ordinal);
        string name = at < 0 ? id : id[..at];
        string? revision = at < 0 ? null : id[(at + 1)..];
        string[] parts = name.Split('/');
        bool isId = parts.Length <= 2 && parts.All(IsPlainName) && !name.Contains("--", StringComparison.Ordinal)
            && (revision is null || revision.Split('/').All(IsPlainName));
        return isId ? (name, revision) : null;
    }

    private static bool IsPlainName(string text) =>
        text.Length is > 0 and <= LongestName && text is not ("." or "..")
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
