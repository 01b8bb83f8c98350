using System.Text.Json;
using DemEngine.Files;

namespace DemEngine.Remote.Http;

/// <summary>Reads the JSON of an answer, which may be hostile, up to a length.</summary>
internal static class JsonAnswer
{
    private const int LargestBytes = 64 << 20;

    /// <summary>Reads the body of an answer.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="address">Address that was asked.</param>
    /// <param name="cancel">Token that stops the reading.</param>
    /// <exception cref="DemException">DEM2072 (BadStoreAnswer): the body is no JSON, or too long.</exception>
    public static async Task<JsonDocument> ReadAsync(HttpResponseMessage answer, Uri address, CancellationToken cancel)
    {
        using Stream body = await answer.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
        using var text = new MemoryStream();
        byte[] chunk = new byte[64 << 10];
        for (int count; (count = await body.ReadAsync(chunk, cancel).ConfigureAwait(false)) > 0;)
        {
            text.Write(chunk, 0, count);
            if (text.Length > LargestBytes)
                throw HttpRequests.Wrong(address, $"the answer is longer than {LargestBytes} bytes");
        }

        try
        {
            StrictJson.CheckText(text.GetBuffer().AsSpan(0, (int)text.Length));
            return JsonDocument.Parse(text.GetBuffer().AsMemory(0, (int)text.Length));
        }
        catch (JsonException e)
        {
            throw HttpRequests.Wrong(address, $"the answer is not JSON: {e.Message}");
        }
    }
}
