using System.Net;
using System.Net.Http.Headers;
using DemEngine.Stores;

namespace DemEngine.Remote.Http;

/// <summary>Checks the answer to a request for a part of a file.</summary>
/// <remarks>RFC 9110, sections 8.8 (validators), 14 (range requests) and 15.3.7 (206 Partial Content).</remarks>
internal static class PartAnswer
{
    /// <summary>Text that tells one version of a file from the next: the ETag, or else the time of the last change.</summary>
    /// <param name="answer">An answer with the file or a part of it.</param>
    public static string VersionOf(HttpResponseMessage answer) =>
        answer.Headers.ETag is { } tag ? tag.ToString()
        : answer.Content.Headers.LastModified is { } time ? $"of {time:O}"
        : "";

    /// <summary>Throws where an answer is not the part that was asked for.</summary>
    /// <param name="answer">The answer, which is a success.</param>
    /// <param name="address">Address that was asked.</param>
    /// <param name="file">The file as it was listed.</param>
    /// <param name="offset">Offset of the part's first byte.</param>
    /// <param name="length">Number of bytes of the part.</param>
    /// <exception cref="DemException">DEM2072 (BadStoreAnswer) or DEM4005 (InputChanged).</exception>
    public static void Check(HttpResponseMessage answer, Uri address, StoreFile file, long offset, long length)
    {
        HttpContentHeaders headers = answer.Content.Headers;
        if (headers.ContentEncoding.Any(encoding => encoding != "identity"))
            throw HttpRequests.Wrong(address, "the server sends the file in another encoding than it was asked for");
        if (answer.StatusCode == HttpStatusCode.PartialContent)
            CheckRange(headers.ContentRange, address, file, offset, length);
        else if (offset != 0 || length != file.Length)
            throw HttpRequests.Wrong(
                address, $"the server answers {(int)answer.StatusCode}: it does not serve parts of files");
        if (headers.ContentLength is { } sent && sent != length)
            throw HttpRequests.Wrong(address, $"the server sends {sent} bytes where {length} were asked for");
    }

    /// <summary>Throws where an answer is of another version of the file.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="file">The file as it was listed.</param>
    /// <exception cref="DemException">DEM4005 (InputChanged).</exception>
    public static void CheckVersion(HttpResponseMessage answer, StoreFile file)
    {
        if (VersionOf(answer) is var now && now != file.Version)
            throw Changed(file, $"its version was {file.Version} and is {(now.Length == 0 ? "not stated" : now)} now");
    }

    /// <summary>Makes the error of a file that changed.</summary>
    public static DemException Changed(StoreFile file, string how) =>
        new(ErrorCode.InputChanged, $"{file.Address}: the file changed while it was read: {how}") { Path = file.Address };

    private static void CheckRange(
        ContentRangeHeaderValue? range, Uri address, StoreFile file, long offset, long length)
    {
        if (range is not { Unit: "bytes", From: { } first, To: { } last })
            throw HttpRequests.Wrong(address, "the server does not say which part of the file it sends");
        if (range.Length is { } whole && whole != file.Length)
            throw Changed(file, $"it had {file.Length} bytes and has {whole} now");
        if (first != offset || last != offset + length - 1)
            throw HttpRequests.Wrong(
                address,
                $"the server sends the bytes from {first} to {last} in place of those from {offset} to {offset + length - 1}");
    }
}
