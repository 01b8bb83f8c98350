using System.Text.Json;
using System.Text.RegularExpressions;
using DemEngine.Stores;

namespace DemEngine.Remote.Http;

/// <summary>Lists a model of the Hugging Face Hub, at the commit that its revision stands at.</summary>
/// <remarks>https://huggingface.co/docs/hub/api, <c>/api/models/{repo}/revision</c> and <c>/tree</c>.</remarks>
internal static partial class HubListing
{
    private const string VersionPrefix = "hub ";
    private const int MostPages = 100;

    /// <summary>Whether a file was listed here, so that a commit says which contents it has.</summary>
    public static bool IsOfHub(StoreFile file) => file.Version.StartsWith(VersionPrefix, StringComparison.Ordinal);

    /// <summary>Lists a folder of a model.</summary>
    /// <param name="requests">Makes the requests.</param>
    /// <param name="place">The folder.</param>
    /// <param name="cancel">Token that stops the requests.</param>
    public static async Task<StoreFolder> ReadAsync(HttpRequests requests, HubPlace place, CancellationToken cancel)
    {
        string hub = requests.Hub.ToString().TrimEnd('/');
        string repository = string.Join('/', place.Repository.Split('/').Select(Uri.EscapeDataString));
        string commit;
        Uri revision = new($"{hub}/api/models/{repository}/revision/{Uri.EscapeDataString(place.Revision)}");
        using (JsonDocument about = (await AskAsync(requests, revision, cancel).ConfigureAwait(false)).Json)
            commit = Text(about.RootElement, "sha") ?? "";
        if (commit.Length == 0 || !commit.All(char.IsAsciiLetterOrDigit))
            throw HttpRequests.Wrong(revision, "the hub does not say at which commit the revision stands");

        string folder = string.Join('/', place.Folder.Split('/').Select(Uri.EscapeDataString));
        string root = $"{hub}/{repository}/resolve/{commit}" + (folder.Length == 0 ? "" : $"/{folder}");
        var files = new List<StoreFile>();
        string tree = $"{hub}/api/models/{repository}/tree/{commit}" + (folder.Length == 0 ? "" : $"/{folder}");
        Uri? page = new($"{tree}?recursive=true");
        for (int count = 0; page is not null && count < MostPages; count++)
        {
            (JsonDocument json, Uri? next) = await AskAsync(requests, page, cancel).ConfigureAwait(false);
            using (json)
                AddFiles(json.RootElement, page, place.Folder, root, files);
            page = next is not null && HttpAddress.IsSameServer(next, requests.Hub) ? next : null;
        }

        return new StoreFolder(root, files);
    }

    private static void AddFiles(JsonElement entries, Uri page, string folder, string root, List<StoreFile> files)
    {
        if (entries.ValueKind != JsonValueKind.Array)
            throw HttpRequests.Wrong(page, "the hub does not list the model's files");
        foreach (JsonElement entry in entries.EnumerateArray())
        {
            if (Text(entry, "type") != "file")
                continue;
            if (Text(entry, "path") is not { } path || !entry.TryGetProperty("size", out JsonElement size)
                || !size.TryGetInt64(out long length) || length < 0)
                throw HttpRequests.Wrong(page, "the hub lists a file without its path or size");
            string within = folder.Length == 0 ? path
                : path.StartsWith($"{folder}/", StringComparison.Ordinal) ? path[(folder.Length + 1)..]
                : throw HttpRequests.Wrong(page, "the hub lists files of another folder");
            string? sha = entry.TryGetProperty("lfs", out JsonElement lfs) ? Text(lfs, "oid") : null;
            files.Add(new StoreFile(
                within,
                $"{root}/{string.Join('/', within.Split('/').Select(Uri.EscapeDataString))}",
                length,
                VersionPrefix + (sha ?? Text(entry, "oid")))
            {
                Sha256 = sha is { Length: 64 } ? sha : null,
            });
        }
    }

    private static async Task<(JsonDocument Json, Uri? Next)> AskAsync(
        HttpRequests requests, Uri address, CancellationToken cancel)
    {
        (HttpResponseMessage answer, Uri source) = await requests.GetAsync(address, null, cancel).ConfigureAwait(false);
        using (answer)
        {
            if (!answer.IsSuccessStatusCode)
                throw requests.Refusal(answer, source);
            Uri? next = answer.Headers.TryGetValues("Link", out IEnumerable<string>? links)
                && NextPage().Match(string.Join(',', links)) is { Success: true } match
                ? new Uri(address, match.Groups[1].Value)
                : null;
            return (await JsonAnswer.ReadAsync(answer, address, cancel).ConfigureAwait(false), next);
        }
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value)
        && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    [GeneratedRegex("""<([^<>]+)>\s*;\s*rel="?next"?""", RegexOptions.CultureInvariant)]
    private static partial Regex NextPage();
}
