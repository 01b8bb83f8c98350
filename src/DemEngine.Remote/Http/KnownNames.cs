using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using DemEngine.Stores;

namespace DemEngine.Remote.Http;

/// <summary>
/// Finds the files of a model on a server that lists no folders: those under the usual names, and those that the index of the
/// weights or a manifest names.
/// </summary>
internal static class KnownNames
{
    private const int Requests = 16;
    private const long LargestList = 256L << 20;
    private const string Manifest = "dem-manifest.json";

    private static readonly string[] Indexes =
    [
        "model.safetensors.index.json",
        "diffusion_pytorch_model.safetensors.index.json",
        "pytorch_model.bin.index.json",
        "diffusion_pytorch_model.bin.index.json",
    ];

    private static readonly string[] Others =
    [
        "config.json",
        "model.safetensors",
        "diffusion_pytorch_model.safetensors",
        "pytorch_model.bin",
        "diffusion_pytorch_model.bin",
        "adapter_config.json",
        "adapter_model.safetensors",
        "adapter_model.bin",
        "generation_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "tokenizer.model",
        "special_tokens_map.json",
        "added_tokens.json",
        "vocab.json",
        "vocab.txt",
        "merges.txt",
        "spiece.model",
        "chat_template.jinja",
        "chat_template.json",
        "preprocessor_config.json",
        "processor_config.json",
        "hf_quant_config.json",
        "quantize_config.json",
        "quant_config.json",
        "README.md",
        "LICENSE",
        Manifest,
    ];

    /// <summary>Finds the files of a folder.</summary>
    /// <param name="requests">Makes the requests.</param>
    /// <param name="folder">Address of the folder.</param>
    /// <param name="file">Name of a further file; null for none.</param>
    /// <param name="cancel">Token that stops the requests.</param>
    /// <exception cref="DemException">DEM2070 (StoreFileNotFound), DEM2071 (StoreAccessRefused) or DEM2072.</exception>
    public static async Task<StoreFolder> ReadAsync(HttpRequests requests, Uri folder, string? file, CancellationToken cancel)
    {
        string root = folder.GetLeftPart(UriPartial.Path).TrimEnd('/');
        var refusals = new ConcurrentDictionary<string, DemException>(StringComparer.Ordinal);
        bool saysWhatIsThere = false;
        var found = new Dictionary<string, StoreFile>(StringComparer.Ordinal);
        await FindAllAsync([.. Indexes, .. Others, .. file is null ? (string[])[] : [file]]).ConfigureAwait(false);
        var named = new HashSet<string>(StringComparer.Ordinal);
        foreach (string list in Indexes.Append(Manifest).Where(found.ContainsKey))
            named.UnionWith(await NamedInAsync(requests, found[list], cancel).ConfigureAwait(false));
        await FindAllAsync([.. named.Where(name => !found.ContainsKey(name))]).ConfigureAwait(false);

        string[] refused =
        [
            .. refusals.Keys.OrderByDescending(name => name == file).ThenByDescending(IsWeights)
                .ThenBy(name => Array.IndexOf(Others, name)).ThenBy(name => name, StringComparer.Ordinal),
        ];
        DemException? refusal = refused.Length == 0 ? null : refusals[refused[0]];
        bool areWeightsRefused = refused.Any(IsWeights);

        // Weights that are refused beside files that are given are there, where the server says of other names that they are not,
        // or an index says that they are.
        if (areWeightsRefused && !found.Keys.Any(IsWeights) && (saysWhatIsThere || named.Any(IsWeights)))
            throw refusal!;
        return found.Count > 0
            ? new StoreFolder(root, [.. found.Values.OrderBy(one => one.Path, StringComparer.Ordinal)])
            {
                Refusal = refusal,
            }
            : throw refusal ?? new DemException(
                ErrorCode.StoreFileNotFound,
                $"{root}: there is neither config.json nor a file of weights under a usual name",
                remedy: "Check the address. A server lists no folders, so that weights of other names have to be named "
                    + "themselves, each with its file name.")
            {
                Path = root,
            };

        async Task FindAllAsync(string[] names)
        {
            using var turns = new SemaphoreSlim(Requests);
            StoreFile?[] files = await Task.WhenAll(names.Select(async name =>
            {
                await turns.WaitAsync(cancel).ConfigureAwait(false);
                try
                {
                    string address = $"{root}/{string.Join('/', name.Split('/').Select(Uri.EscapeDataString))}";
                    StoreFile? one = await FindAsync(requests, new Uri(address), name, cancel).ConfigureAwait(false);
                    saysWhatIsThere |= one is null;
                    return one;
                }
                catch (DemException e) when (e.Code == ErrorCode.StoreAccessRefused)
                {
                    // A server that does not say what there is refuses what is not there, too.
                    refusals[name] = e;
                    return null;
                }
                finally
                {
                    turns.Release();
                }
            })).ConfigureAwait(false);
            foreach (StoreFile one in files.OfType<StoreFile>())
                found[one.Path] = one;
        }
    }

    /// <summary>Finds a file; null where it is not there.</summary>
    /// <param name="requests">Makes the request.</param>
    /// <param name="address">Address of the file.</param>
    /// <param name="path">Path of the file in its folder.</param>
    /// <param name="cancel">Token that stops the request.</param>
    public static async Task<StoreFile?> FindAsync(HttpRequests requests, Uri address, string path, CancellationToken cancel)
    {
        (HttpResponseMessage answer, Uri source) =
            await requests.GetAsync(address, new RangeHeaderValue(0, 0), cancel).ConfigureAwait(false);
        using (answer)
        {
            if (answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Gone)
                return null;

            // An empty file has no first byte.
            bool isEmpty = answer.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable
                && answer.Content.Headers.ContentRange?.Length is 0 or null;
            if (!answer.IsSuccessStatusCode && !isEmpty)
                throw requests.Refusal(answer, source);
            long? length = isEmpty ? 0
                : answer.StatusCode == HttpStatusCode.PartialContent ? answer.Content.Headers.ContentRange?.Length
                : answer.Content.Headers.ContentLength;
            return length is { } known
                ? new StoreFile(path, address.ToString(), known, PartAnswer.VersionOf(answer))
                : throw HttpRequests.Wrong(address, "the server does not say how long the file is");
        }
    }

    /// <summary>
    /// Reads the names of files in an index or a manifest; none where it is damaged, which its reader then says.
    /// </summary>
    private static async Task<IEnumerable<string>> NamedInAsync(
        HttpRequests requests, StoreFile list, CancellationToken cancel)
    {
        if (list.Length is 0 or > LargestList)
            return [];
        Uri address = new(list.Address);
        (HttpResponseMessage answer, Uri source) = await requests.GetAsync(address, null, cancel).ConfigureAwait(false);
        using (answer)
        {
            if (!answer.IsSuccessStatusCode)
                throw requests.Refusal(answer, source);
            try
            {
                using JsonDocument json = await JsonAnswer.ReadAsync(answer, address, cancel).ConfigureAwait(false);
                JsonElement root = json.RootElement;
                if (root.ValueKind != JsonValueKind.Object)
                    return [];
                IEnumerable<JsonElement> names =
                    root.TryGetProperty("weight_map", out JsonElement map) && map.ValueKind == JsonValueKind.Object
                        ? map.EnumerateObject().Select(pair => pair.Value)
                    : root.TryGetProperty("files", out JsonElement files) && files.ValueKind == JsonValueKind.Array
                        ? files.EnumerateArray().Where(one => one.ValueKind == JsonValueKind.Object)
                            .Select(one => one.TryGetProperty("path", out JsonElement path) ? path : default)
                    : [];
                return
                [
                    .. names.Where(name => name.ValueKind == JsonValueKind.String).Select(name => name.GetString()!)
                        .Where(IsInside).Distinct(StringComparer.Ordinal),
                ];
            }
            catch (DemException e) when (e.Code == ErrorCode.BadStoreAnswer)
            {
                return [];
            }
        }
    }

    private static bool IsWeights(string name) =>
        name.EndsWith(".safetensors", StringComparison.Ordinal) || name.EndsWith(".bin", StringComparison.Ordinal)
        || name.EndsWith(".gguf", StringComparison.Ordinal);

    private static bool IsInside(string name) => name.Split('/').All(part => part.Length > 0 && part is not ("." or ".."))
        && name.AsSpan().IndexOfAny('\\', ':') < 0;
}
