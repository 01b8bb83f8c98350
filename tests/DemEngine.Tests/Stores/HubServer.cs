using System.Security.Cryptography;
using System.Text.Json;

namespace DemEngine.Tests.Stores;

/// <summary>
/// Answers like the Hugging Face Hub for one model, <c>org/name</c>: its list of files, and its files by a redirect to another
/// server, as the hub's own content network is.
/// </summary>
internal sealed class HubServer : IDisposable
{
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly string _folder;
    private readonly string? _token;

    public HubServer(string folder, string? token = null)
    {
        _folder = folder;
        _token = token;
        Contents = new LoopbackServer(
            request => Twist(request, ServedFolder.FileAnswer(Path.Combine(folder, request.Path.TrimStart('/')), request)));
        Hub = new LoopbackServer(Answer);
    }

    public LoopbackServer Hub { get; }

    public LoopbackServer Contents { get; }

    /// <summary>Changes an answer of the content network.</summary>
    public Func<WebRequest, WebAnswer, WebAnswer> Twist { get; set; } = (_, answer) => answer;

    /// <summary>Number of entries on a page of the list.</summary>
    public int PageLength { get; init; } = 1000;

    public void Dispose()
    {
        Hub.Dispose();
        Contents.Dispose();
    }

    private WebAnswer Answer(WebRequest request)
    {
        if (_token is not null && request.Header("Authorization") != $"Bearer {_token}")
            return WebAnswer.Of(401).With("X-Error-Message", "Access to model org/name is restricted.");
        if (request.Path == "/api/models/org/name/revision/v1")
            return WebAnswer.Of(200, $$"""{"sha":"{{Commit}}"}""");
        if (request.Path == $"/api/models/org/name/tree/{Commit}")
        {
            int page = request.Query.Contains("page=", StringComparison.Ordinal) ? int.Parse(request.Query[^1..], null) : 0;
            string[] files = [.. Directory.GetFiles(_folder).Order(StringComparer.Ordinal).Skip(page * PageLength)];
            WebAnswer answer = WebAnswer.Of(200, JsonSerializer.Serialize(files.Take(PageLength).Select(file => new
            {
                type = "file",
                path = Path.GetFileName(file),
                size = new FileInfo(file).Length,
                oid = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
                lfs = file.EndsWith(".safetensors", StringComparison.Ordinal)
                    ? new { oid = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file))) }
                    : null,
            })));
            return files.Length > PageLength
                ? answer.With("Link", $"<{Hub.Address}{request.Path}?recursive=true&page={page + 1}>; rel=\"next\"")
                : answer;
        }

        string start = $"/org/name/resolve/{Commit}/";
        return request.Path.StartsWith(start, StringComparison.Ordinal)
            ? WebAnswer.Of(302).With("Location", $"{Contents.Address}/{request.Path[start.Length..]}")
            : WebAnswer.Of(404);
    }
}
