using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using DemEngine.Stores;

namespace DemEngine.Remote.Http;

/// <summary>
/// Files of web servers, <c>https://…</c>, and of the Hugging Face Hub, <c>hf://org/name@revision</c>. A model of the hub is read
/// at the commit that its branch stood at when it was listed. Other servers list no folders, so that a model there has the usual
/// file names, or an index that names them.
/// </summary>
/// <param name="options">What the store takes from its surroundings; null for the process's environment.</param>
public sealed class HttpStore(HttpStoreOptions? options = null) : IFileStore, IDisposable
{
    private readonly HttpStoreOptions _options = options ?? new HttpStoreOptions();
    private readonly HttpRequests _requests = new(options ?? new HttpStoreOptions());

    // A redirect costs a request, and leads to the same place for a while.
    private readonly ConcurrentDictionary<string, Uri> _sources = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public async Task<StoreFolder> ListAsync(string address, string? file, CancellationToken cancel)
    {
        if (HubPlace.OfHub(address) is { } place)
            return await HubListing.ReadAsync(_requests, place, cancel).ConfigureAwait(false);
        Uri uri = HttpAddress.Read(address, _options);
        if (!HttpAddress.IsSameServer(uri, _requests.Hub))
            return await KnownNames.ReadAsync(_requests, uri, file, cancel).ConfigureAwait(false);
        return HubPlace.OfPage(uri) is { } page
            ? await HubListing.ReadAsync(_requests, page, cancel).ConfigureAwait(false)
            : throw new DemException(
                ErrorCode.BadStoreAddress,
                $"{address}: this is not the address of a model on the hub",
                remedy: $"Name it as {_requests.Hub.GetLeftPart(UriPartial.Authority)}/org/name, with /resolve/REVISION where "
                    + "one is meant.")
            {
                Path = address,
            };
    }

    /// <inheritdoc/>
    public async Task<Stream> OpenAsync(StoreFile file, long offset, long length, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(file);
        Uri address = new(file.Address);
        bool isKnown = _sources.TryGetValue(file.Address, out Uri? source);
        try
        {
            return await OpenAsync(file, address, source ?? address, offset, length, cancel).ConfigureAwait(false);
        }
        catch (DemException e) when (isKnown && e.Code != ErrorCode.InputChanged)
        {
            // The place that a redirect led to is given for a time only; the next attempt asks for it anew.
            _sources.TryRemove(file.Address, out _);
            throw new StoreFaultException(e.Message, e);
        }
        catch when (isKnown)
        {
            _sources.TryRemove(file.Address, out _);
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task CheckUnchangedAsync(StoreFile file, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(file);

        // A commit of the hub does not change.
        if (HubListing.IsOfHub(file))
            return;
        StoreFile? now = await KnownNames.FindAsync(_requests, new Uri(file.Address), file.Path, cancel).ConfigureAwait(false);
        if (now is null)
            throw PartAnswer.Changed(file, "it is not there any more");
        if (now.Length != file.Length)
            throw PartAnswer.Changed(file, $"it had {file.Length} bytes and has {now.Length} now");
        if (now.Version != file.Version)
            throw PartAnswer.Changed(file, $"its version was {file.Version} and is {now.Version} now");
    }

    /// <inheritdoc/>
    public void Dispose() => _requests.Dispose();

    private async Task<Stream> OpenAsync(
        StoreFile file, Uri address, Uri source, long offset, long length, CancellationToken cancel)
    {
        (HttpResponseMessage answer, Uri from) = await _requests.GetAsync(
            source, new RangeHeaderValue(offset, offset + length - 1), cancel).ConfigureAwait(false);
        try
        {
            if (answer.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
                throw PartAnswer.Changed(file, "it became shorter");
            if (!answer.IsSuccessStatusCode)
                throw _requests.Refusal(answer, from);
            PartAnswer.Check(answer, address, file, offset, length);
            if (!HubListing.IsOfHub(file) && file.Version.Length > 0)
                PartAnswer.CheckVersion(answer, file);
            if (from != address)
                _sources[file.Address] = from;
            return new AnswerStream(answer, await answer.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false));
        }
        catch
        {
            answer.Dispose();
            throw;
        }
    }
}
