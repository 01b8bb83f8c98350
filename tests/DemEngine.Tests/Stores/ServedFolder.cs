using System.Globalization;
using System.IO.Hashing;
using System.Security.Cryptography.X509Certificates;

namespace DemEngine.Tests.Stores;

/// <summary>A folder on a web server that keeps to the protocol, but for what a test makes it do.</summary>
internal sealed class ServedFolder : IDisposable
{
    private readonly string _folder;
    private readonly LoopbackServer _server;
    private int _count;

    public ServedFolder(string folder, X509Certificate2? certificate = null)
    {
        _folder = folder;
        _server = new LoopbackServer(Answer, certificate);
    }

    /// <summary>Changes an answer; the number counts the requests for parts of weights, from 1.</summary>
    public Func<WebRequest, WebAnswer, int, WebAnswer> Twist { get; set; } = (_, answer, _) => answer;

    public LoopbackServer Server => _server;

    public string AddressOf(string model) => $"{_server.Address}/{model}";

    public void Dispose() => _server.Dispose();

    /// <summary>The answer of a server that does all right.</summary>
    public static WebAnswer FileAnswer(string path, WebRequest request)
    {
        if (!File.Exists(path))
            return WebAnswer.Of(404, "not there");
        byte[] all = File.ReadAllBytes(path);
        string tag = $"\"{XxHash3.HashToUInt64(all):x}\"";
        if (request.Range is not { } range)
            return new WebAnswer(200, all).With("ETag", tag).With("Accept-Ranges", "bytes");
        if (range.First >= all.Length)
            return WebAnswer.Of(416).With("Content-Range", $"bytes */{all.Length}").With("ETag", tag);
        long last = Math.Min(range.Last, all.Length - 1);
        return new WebAnswer(206, all[(int)range.First..(int)(last + 1)])
            .With("ETag", tag)
            .With("Content-Range", string.Create(CultureInfo.InvariantCulture, $"bytes {range.First}-{last}/{all.Length}"));
    }

    private WebAnswer Answer(WebRequest request)
    {
        WebAnswer answer = FileAnswer(Path.Combine(_folder, request.Path.TrimStart('/')), request);
        bool isData = request.Path.EndsWith(".safetensors", StringComparison.Ordinal) && request.Range is { Last: > 0 };
        return Twist(request, answer, isData ? Interlocked.Increment(ref _count) : 0);
    }
}
