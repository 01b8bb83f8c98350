using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace DemEngine.Tests.Stores;

/// <summary>A request as a <see cref="LoopbackServer"/> got it.</summary>
internal sealed record WebRequest(string Method, string RawPath, string Query, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string Path => Uri.UnescapeDataString(RawPath);

    public string? Header(string name) => Headers.GetValueOrDefault(name);

    /// <summary>The part that is asked for; null for all.</summary>
    public (long First, long Last)? Range
    {
        get
        {
            if (Header("Range") is not { } text || !text.StartsWith("bytes=", StringComparison.Ordinal))
                return null;
            string[] ends = text["bytes=".Length..].Split('-');
            return (long.Parse(ends[0], CultureInfo.InvariantCulture), long.Parse(ends[1], CultureInfo.InvariantCulture));
        }
    }
}

/// <summary>An answer, with what is to go wrong with it.</summary>
internal sealed record WebAnswer(int Status, byte[] Body)
{
    public Dictionary<string, string> Headers { get; init; } = [];

    /// <summary>Length that the answer claims; null for its own.</summary>
    public long? ClaimedLength { get; init; }

    /// <summary>Number of bytes after which the connection is cut; null for a whole answer.</summary>
    public int? CutAfter { get; init; }

    /// <summary>Number of bytes after which nothing comes any more; null for a whole answer.</summary>
    public int? StallAfter { get; init; }

    /// <summary>Whether the connection is closed before a single byte.</summary>
    public bool IsRefused { get; init; }

    public WebAnswer With(string header, string value) => this with { Headers = new(Headers) { [header] = value } };

    public static WebAnswer Of(int status, string text = "") => new(status, Encoding.UTF8.GetBytes(text));
}

/// <summary>
/// A web server on this machine that speaks HTTP/1.1 over plain sockets, so that it can do everything that a server must not.
/// </summary>
internal sealed class LoopbackServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<WebRequest> _requests = new();
    private readonly Func<WebRequest, WebAnswer> _answer;
    private readonly X509Certificate2? _certificate;
    private int _connections;

    public LoopbackServer(Func<WebRequest, WebAnswer> answer, X509Certificate2? certificate = null)
    {
        _answer = answer;
        _certificate = certificate;
        _listener.Start(128);
        new Thread(Accept) { IsBackground = true, Name = "loopback server" }.Start();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Address => $"{(_certificate is null ? "http" : "https")}://127.0.0.1:{Port}";

    /// <summary>Number of connections so far, those that came to no request among them.</summary>
    public int Connections => _connections;

    /// <summary>Every request so far.</summary>
    public WebRequest[] Requests => [.. _requests];

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
    }

    private void Accept()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Socket socket = _listener.AcceptSocket();
                Interlocked.Increment(ref _connections);
                new Thread(() => Serve(socket)) { IsBackground = true, Name = "loopback connection" }.Start();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private void Serve(Socket socket)
    {
        try
        {
            using (socket)
            using (Stream stream = Secured(new NetworkStream(socket)))
            using (var input = new BufferedStream(stream, 64 << 10))
            {
                socket.NoDelay = true;
                while (Read(input, stream) is { } request)
                {
                    _requests.Enqueue(request);
                    if (!Send(stream, request, _answer(request)))
                        return;
                }
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or AuthenticationException)
        {
            // The client went away.
        }
    }

    private Stream Secured(NetworkStream stream)
    {
        if (_certificate is null)
            return stream;
        var secured = new SslStream(stream);
        secured.AuthenticateAsServer(_certificate);
        return secured;
    }

    /// <returns>Whether the connection can take another request.</returns>
    private bool Send(Stream stream, WebRequest request, WebAnswer answer)
    {
        if (answer.IsRefused)
            return false;
        var head = new StringBuilder($"HTTP/1.1 {answer.Status} {(HttpStatusCode)answer.Status}\r\n");
        long length = answer.ClaimedLength ?? answer.Body.Length;
        if (answer.Status != 204)
            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {length}\r\n");
        foreach (var (name, value) in answer.Headers)
            head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        stream.Write(Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()));
        if (request.Method == "HEAD")
            return true;
        int sent = Math.Min(answer.CutAfter ?? answer.StallAfter ?? answer.Body.Length, answer.Body.Length);
        stream.Write(answer.Body, 0, sent);
        if (answer.StallAfter is not null)
            _stop.Token.WaitHandle.WaitOne(TimeSpan.FromSeconds(20));
        return sent == answer.Body.Length && answer.ClaimedLength is null;
    }

    private static WebRequest? Read(Stream input, Stream output)
    {
        string? first = Line(input);
        if (string.IsNullOrEmpty(first))
            return null;
        string[] words = first.Split(' ');
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        while (Line(input) is { Length: > 0 } line)
            headers[line[..line.IndexOf(':', StringComparison.Ordinal)]] = line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        if (headers.GetValueOrDefault("Expect") is not null)
            output.Write("HTTP/1.1 100 Continue\r\n\r\n"u8);
        byte[] body = headers.TryGetValue("Content-Length", out string? length)
            ? new byte[int.Parse(length, CultureInfo.InvariantCulture)]
            : [];
        input.ReadExactly(body);
        int mark = words[1].IndexOf('?', StringComparison.Ordinal);
        return new WebRequest(
            words[0], mark < 0 ? words[1] : words[1][..mark], mark < 0 ? "" : words[1][(mark + 1)..], headers, body);
    }

    private static string? Line(Stream input)
    {
        var line = new StringBuilder();
        for (int next; (next = input.ReadByte()) != '\n';)
        {
            if (next < 0)
                return null;
            if (next != '\r')
                line.Append((char)next);
        }

        return line.ToString();
    }
}
