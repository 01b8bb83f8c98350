using System.Net;
using System.Net.Http.Headers;
using DemEngine.Errors;
using DemEngine.Remote.Trust;
using DemEngine.Stores;

namespace DemEngine.Remote.Http;

/// <summary>
/// Makes requests of a web server: follows redirects, sends the hub's token to the hub alone, and turns refusals into errors.
/// </summary>
internal sealed class HttpRequests : IDisposable
{
    private const int MostRedirects = 8;

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(15);

    // A name that a content network serves leads to other machines after a while.
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);

    private readonly HttpStoreOptions _options;
    private readonly HttpClient _client;
    private readonly Lazy<string?> _token;

    /// <param name="options">The environment.</param>
    public HttpRequests(HttpStoreOptions options)
    {
        _options = options;
        Hub = new Uri((options.Variable("HF_ENDPOINT") ?? "https://huggingface.co").TrimEnd('/'));
        _token = new(() => HubToken.Find(options));
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            ConnectTimeout = ConnectTimeout,
            PooledConnectionLifetime = ConnectionLifetime,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("DemEngine", null));
    }

    /// <summary>Address of the Hugging Face Hub, or of the server that stands in for it.</summary>
    public Uri Hub { get; }

    /// <summary>Makes a request. The answer's body is not read yet.</summary>
    /// <param name="address">Address to ask.</param>
    /// <param name="range">Part that is asked for; null for all.</param>
    /// <param name="cancel">Token that stops the request.</param>
    /// <returns>The answer, whatever its status, and where it came from after redirects.</returns>
    /// <exception cref="StoreFaultException">The server was not reached.</exception>
    /// <exception cref="DemException">
    /// DEM2072 (BadStoreAnswer): the redirects lead nowhere that may be asked. DEM2085 (StoreNotTrusted): the server's
    /// certificate is not accepted.
    /// </exception>
    public async Task<(HttpResponseMessage Answer, Uri Source)> GetAsync(
        Uri address, RangeHeaderValue? range, CancellationToken cancel)
    {
        Uri uri = address;
        for (int hop = 0; ; hop++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, uri);
            request.Headers.Range = range;
            if (HttpAddress.IsSameServer(uri, Hub) && _token.Value is { } token)
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            HttpResponseMessage answer = await SendAsync(request, cancel).ConfigureAwait(false);
            if ((int)answer.StatusCode is not (301 or 302 or 303 or 307 or 308))
                return (answer, uri);
            Uri? next = answer.Headers.Location;
            answer.Dispose();
            next = next is null ? null : new Uri(uri, next);
            if (next is null || hop == MostRedirects)
                throw Wrong(address, next is null ? "a redirect says not where to" : "the redirects come to no end");
            if (!HttpAddress.IsAsked(next, _options) || (uri.Scheme == Uri.UriSchemeHttps && next.Scheme != uri.Scheme))
                throw Wrong(address, $"a redirect leads to {next.Scheme}://{next.Host}, which is not asked");
            uri = next;
        }
    }

    /// <summary>Makes the error of an answer that is no success.</summary>
    /// <param name="answer">The answer; it is not disposed.</param>
    /// <param name="address">Address that was asked.</param>
    public Exception Refusal(HttpResponseMessage answer, Uri address)
    {
        int status = (int)answer.StatusCode;
        string said = Said(answer);
        if (status is 408 or 425 or 429 or >= 500)
            return new StoreFaultException($"the server answers {status}{said}", retryAfter: RetryAfter(answer));
        if (status is 404 or 410)
            return Error(ErrorCode.StoreFileNotFound, address, $"the server answers {status}{said}", null);
        if (status is not (401 or 403))
            return Wrong(address, $"the server answers {status}{said}");
        string remedy = !HttpAddress.IsSameServer(address, Hub)
            ? "Check the address, since some servers refuse what is not there, too. If it is right, the server wants a login, "
                + "which is sent to the Hugging Face Hub alone: fetch the model with the server's own tool."
            : _token.Value is null
            ? "If the model is private or gated, set HF_TOKEN or run `hf auth login`, and ask for access on the model's page. "
                + "Else check the name: without a token, models that are not there look the same."
            : status == 401
            ? "The token was not accepted: make a new one in the hub's settings, and set HF_TOKEN or run `hf auth login`."
            : "The token has no access: ask for it on the model's page, and let the token read gated models.";
        return Error(ErrorCode.StoreAccessRefused, address, $"the server answers {status}{said}", remedy);
    }

    /// <summary>Makes the error of an answer that cannot be relied on.</summary>
    public static DemException Wrong(Uri address, string why) => Error(ErrorCode.BadStoreAnswer, address, why, null);

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private static DemException Error(ErrorCode code, Uri address, string why, string? remedy) =>
        new(code, $"{address}: {why}", remedy: remedy) { Path = address.ToString() };

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        try
        {
            return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel).ConfigureAwait(false);
        }
        catch (HttpRequestException e) when (RefusedCertificate.In(e) is { } why)
        {
            throw new DemException(ErrorCode.StoreNotTrusted, $"{request.RequestUri}: {why}", e)
            {
                Path = request.RequestUri?.ToString(),
            };
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.SecureConnectionError)
        {
            throw new DemException(
                ErrorCode.StoreNotReached,
                $"{request.RequestUri}: no secure connection: {(e.InnerException ?? e).Message}",
                e,
                "Check the server and a proxy on the way; then run again.");
        }
        catch (HttpRequestException e)
        {
            throw new StoreFaultException(e.Message, e);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new StoreFaultException("no connection was made in time", e);
        }
    }

    private static TimeSpan? RetryAfter(HttpResponseMessage answer) => answer.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - DateTimeOffset.UtcNow is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero,
        _ => null,
    };

    // The hub says in a header what is wrong.
    private static string Said(HttpResponseMessage answer) =>
        answer.Headers.TryGetValues("X-Error-Message", out IEnumerable<string>? said)
            ? $": {Quoted.Name(string.Join(' ', said))}"
            : "";
}
