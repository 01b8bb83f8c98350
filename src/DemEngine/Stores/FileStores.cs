using System.Collections.Concurrent;

namespace DemEngine.Stores;

/// <summary>
/// Stores by the schemes of their addresses. The engine reads files on disk; an application that registers a store for
/// <c>https</c> lets recipes name models as <c>https://…</c>.
/// </summary>
public static class FileStores
{
    private const string Separator = "://";

    private static readonly ConcurrentDictionary<string, Lazy<StoreClient>> ByScheme = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Registers a store, in place of an earlier one of the same scheme.</summary>
    /// <param name="scheme">Scheme of its addresses, such as <c>https</c>.</param>
    /// <param name="create">Makes the store when it is first needed.</param>
    /// <param name="limits">How long it is waited for; null for the defaults.</param>
    public static void Register(string scheme, Func<IFileStore> create, StoreLimits? limits = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(scheme);
        ArgumentNullException.ThrowIfNull(create);
        ByScheme[scheme] = new Lazy<StoreClient>(() => new StoreClient(create(), limits ?? new StoreLimits()));
    }

    /// <summary>Whether a text is an address with a scheme, and no path.</summary>
    /// <param name="text">A path or an address.</param>
    internal static bool IsAddress(string text) =>
        text.IndexOf(Separator, StringComparison.Ordinal) is > 1 and var end
        && char.IsAsciiLetter(text[0]) && text.AsSpan(0, end).IndexOfAnyExcept(SchemeCharacters) < 0;

    /// <summary>Whether a store is registered for a scheme.</summary>
    internal static bool Knows(string scheme) => ByScheme.ContainsKey(scheme);

    /// <summary>Finds the store of an address.</summary>
    /// <param name="address">The address.</param>
    /// <exception cref="DemException">DEM1050 (BadStoreAddress): no store has this scheme.</exception>
    internal static StoreClient Of(string address)
    {
        string scheme = address[..address.IndexOf(Separator, StringComparison.Ordinal)];
        return ByScheme.TryGetValue(scheme, out Lazy<StoreClient>? store)
            ? store.Value
            : throw new DemException(
                ErrorCode.BadStoreAddress,
                ByScheme.IsEmpty
                    ? $"{address}: models are read from disk here, and no store is registered"
                    : $"{address}: \"{scheme}\" is none of the stores that are known here: "
                        + string.Join(", ", ByScheme.Keys.Order(StringComparer.Ordinal).Select(known => known + Separator)))
            {
                Path = address,
            };
    }

    private static readonly System.Buffers.SearchValues<char> SchemeCharacters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
}
