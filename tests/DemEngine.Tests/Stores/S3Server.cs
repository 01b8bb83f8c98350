using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;

namespace DemEngine.Tests.Stores;

/// <summary>
/// An S3 server in memory: lists, ranges under conditions, whole objects and multipart uploads. It refuses requests that are not
/// signed with its key, parts of less than 5 MiB and bodies that are not what their digests say.
/// </summary>
/// <remarks>https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html</remarks>
internal sealed class S3Server : IDisposable
{
    public const string Access = "AKIATESTTESTTEST";
    public const string Secret = "secret/of+the+test";
    private const int LeastPart = 5 << 20;

    private readonly ConcurrentDictionary<string, ConcurrentDictionary<int, byte[]>> _uploads = new(StringComparer.Ordinal);
    private int _count;

    public S3Server() => Server = new LoopbackServer(request => Twist(request, Answer(request), Interlocked.Increment(ref _count)));

    public LoopbackServer Server { get; }

    /// <summary>Objects by bucket and key, <c>bucket/key</c>.</summary>
    public ConcurrentDictionary<string, byte[]> Objects { get; } = new(StringComparer.Ordinal);

    /// <summary>Names of what became visible, in order.</summary>
    public ConcurrentQueue<string> Published { get; } = new();

    /// <summary>Number of uploads that are neither completed nor discarded.</summary>
    public int Unfinished => _uploads.Count;

    public int PageLength { get; init; } = 1000;

    /// <summary>Changes an answer; the number counts all requests, from 1.</summary>
    public Func<WebRequest, WebAnswer, int, WebAnswer> Twist { get; set; } = (_, answer, _) => answer;

    /// <summary>Looks at a request before it is carried out; an answer takes the place of that.</summary>
    public Func<WebRequest, WebAnswer?> Before { get; set; } = _ => null;

    public void Dispose() => Server.Dispose();

    /// <summary>Stores the files of a folder.</summary>
    public void Add(string prefix, string folder)
    {
        foreach (string file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            Objects[$"{prefix}/{Path.GetRelativePath(folder, file)}"] = File.ReadAllBytes(file);
    }

    private WebAnswer Answer(WebRequest request)
    {
        if (!IsSigned(request))
            return Error(403, "SignatureDoesNotMatch", "The request signature we calculated does not match.");
        if (Before(request) is { } instead)
            return instead;
        Dictionary<string, string> query = Query(request.Query);
        string name = request.Path.TrimStart('/');
        return (request.Method, query.ContainsKey("list-type"), query.GetValueOrDefault("uploadId")) switch
        {
            ("GET", true, _) => List(name.TrimEnd('/'), query),
            ("GET", _, _) => Get(name, request),
            ("HEAD", _, _) => Get(name, request) with { Status = Objects.ContainsKey(name) ? 200 : 404 },
            ("PUT", _, { } id) => PutPart(id, int.Parse(query["partNumber"], CultureInfo.InvariantCulture), request),
            ("PUT", _, _) => Put(name, request),
            ("POST", _, { } id) => Complete(name, id, request),
            ("POST", _, _) when query.ContainsKey("uploads") => Begin(name),
            ("DELETE", _, { } id) => _uploads.TryRemove(id, out _) ? new WebAnswer(204, []) : Error(404, "NoSuchUpload", ""),
            ("DELETE", _, _) => Remove(name),
            _ => Error(501, "NotImplemented", request.Method),
        };
    }

    private WebAnswer List(string bucket, Dictionary<string, string> query)
    {
        string start = $"{bucket}/";
        string prefix = query.GetValueOrDefault("prefix", "");
        string after = query.GetValueOrDefault("continuation-token", "");
        string[] keys =
        [
            .. Objects.Keys.Where(name => name.StartsWith(start, StringComparison.Ordinal)).Select(name => name[start.Length..])
                .Where(key => key.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(key, after) > 0)
                .Order(StringComparer.Ordinal),
        ];
        string[] page = [.. keys.Take(PageLength)];
        XNamespace ns = "http://s3.amazonaws.com/doc/2006-03-01/";
        var list = new XElement(
            ns + "ListBucketResult",
            new XElement(ns + "Name", bucket),
            new XElement(ns + "KeyCount", page.Length),
            new XElement(ns + "IsTruncated", page.Length < keys.Length ? "true" : "false"),
            page.Length < keys.Length ? new XElement(ns + "NextContinuationToken", page[^1]) : null,
            page.Select(key => new XElement(
                ns + "Contents",
                new XElement(ns + "Key", key),
                new XElement(ns + "LastModified", "2026-01-01T00:00:00.000Z"),
                new XElement(ns + "ETag", TagOf(Objects[start + key])),
                new XElement(ns + "Size", Objects[start + key].Length),
                new XElement(ns + "StorageClass", "STANDARD"))));
        return WebAnswer.Of(200, list.ToString()).With("Content-Type", "application/xml");
    }

    private WebAnswer Get(string name, WebRequest request)
    {
        if (!Objects.TryGetValue(name, out byte[]? all))
            return Error(404, "NoSuchKey", "The specified key does not exist.");
        string tag = TagOf(all);
        if (request.Header("If-Match") is { } wanted && wanted != tag)
            return Error(412, "PreconditionFailed", "At least one of the conditions did not hold.");
        WebAnswer whole = new WebAnswer(200, all).With("ETag", tag).With("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT");
        if (request.Range is not { } range)
            return whole;
        if (range.First >= all.Length)
            return Error(416, "InvalidRange", "The requested range is not satisfiable.");
        long last = Math.Min(range.Last, all.Length - 1);
        return (whole with { Status = 206, Body = all[(int)range.First..(int)(last + 1)] })
            .With("Content-Range", string.Create(CultureInfo.InvariantCulture, $"bytes {range.First}-{last}/{all.Length}"));
    }

    private WebAnswer Put(string name, WebRequest request)
    {
        Objects[name] = request.Body;
        Published.Enqueue(name);
        return new WebAnswer(200, []).With("ETag", TagOf(request.Body));
    }

    private WebAnswer Remove(string name)
    {
        if (Objects.TryRemove(name, out _))
            Published.Enqueue($"-{name}");
        return new WebAnswer(204, []);
    }

    private WebAnswer Begin(string name)
    {
        string id = Guid.NewGuid().ToString("N");
        _uploads[id] = [];
        return WebAnswer.Of(200, $"<InitiateMultipartUploadResult><Key>{name}</Key><UploadId>{id}</UploadId></InitiateMultipartUploadResult>");
    }

    private WebAnswer PutPart(string id, int number, WebRequest request)
    {
        if (!_uploads.TryGetValue(id, out ConcurrentDictionary<int, byte[]>? parts))
            return Error(404, "NoSuchUpload", "");
        parts[number] = request.Body;
        return new WebAnswer(200, []).With("ETag", TagOf(request.Body));
    }

    private WebAnswer Complete(string name, string id, WebRequest request)
    {
        if (!_uploads.TryGetValue(id, out ConcurrentDictionary<int, byte[]>? parts))
            return Error(404, "NoSuchUpload", "The specified upload does not exist.");
        (int Number, string Tag)[] listed =
        [
            .. XDocument.Parse(Encoding.UTF8.GetString(request.Body)).Descendants().Where(one => one.Name.LocalName == "Part")
                .Select(one => (
                    (int)one.Elements().First(part => part.Name.LocalName == "PartNumber"),
                    (string)one.Elements().First(part => part.Name.LocalName == "ETag"))),
        ];
        foreach (var (number, tag) in listed)
        {
            if (!parts.TryGetValue(number, out byte[]? part) || TagOf(part).Trim('"') != tag.Trim('"'))
                return Error(400, "InvalidPart", $"part {number}");
            if (part.Length < LeastPart && number != listed[^1].Number)
                return Error(400, "EntityTooSmall", $"part {number} has {part.Length} bytes");
        }

        byte[] whole = [.. listed.SelectMany(one => parts[one.Number])];
        _uploads.TryRemove(id, out _);
        Objects[name] = whole;
        Published.Enqueue(name);
        return WebAnswer.Of(200, $"<CompleteMultipartUploadResult><Key>{name}</Key><ETag>{TagOf(whole)}</ETag></CompleteMultipartUploadResult>");
    }

    private static WebAnswer Error(int status, string code, string message) =>
        WebAnswer.Of(status, $"<Error><Code>{code}</Code><Message>{message}</Message></Error>").With("Content-Type", "application/xml");

    private static string TagOf(byte[] contents) => $"\"{Convert.ToHexStringLower(MD5.HashData(contents))}\"";

    private static Dictionary<string, string> Query(string query) => query.Length == 0 ? [] : query.Split('&')
        .Select(pair => pair.Split('=', 2))
        .ToDictionary(pair => Uri.UnescapeDataString(pair[0]), pair => pair.Length > 1 ? Uri.UnescapeDataString(pair[1]) : "", StringComparer.Ordinal);

    /// <summary>Whether a request is signed by Signature Version 4, and its body is the one that was signed.</summary>
    /// <remarks>https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html</remarks>
    private static bool IsSigned(WebRequest request)
    {
        if (request.Header("Authorization") is not { } text || !text.StartsWith("AWS4-HMAC-SHA256 ", StringComparison.Ordinal))
            return false;
        Dictionary<string, string> fields = text["AWS4-HMAC-SHA256 ".Length..].Split(',')
            .Select(field => field.Trim().Split('=', 2)).ToDictionary(field => field[0], field => field[1], StringComparer.Ordinal);
        string[] scope = fields["Credential"].Split('/');
        string payload = request.Header("x-amz-content-sha256") ?? "";
        if (scope[0] != Access || payload != Convert.ToHexStringLower(SHA256.HashData(request.Body)))
            return false;
        string query = string.Join('&', request.Query.Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Select(pair => pair.Contains('=', StringComparison.Ordinal) ? pair : $"{pair}=").Order(StringComparer.Ordinal));
        string headers = string.Concat(fields["SignedHeaders"].Split(';').Select(name => $"{name}:{request.Header(name)}\n"));
        string canonical = $"{request.Method}\n{request.RawPath}\n{query}\n{headers}\n{fields["SignedHeaders"]}\n{payload}";
        string toSign = $"AWS4-HMAC-SHA256\n{request.Header("x-amz-date")}\n{string.Join('/', scope[1..])}\n"
            + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)));
        byte[] key = Encoding.UTF8.GetBytes($"AWS4{Secret}");
        foreach (string part in scope[1..])
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        return fields["Signature"] == Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign)));
    }
}
