namespace DemEngine.Remote.Http;

/// <summary>Decides which addresses are asked.</summary>
internal static class HttpAddress
{
    /// <summary>Reads an address that a user wrote.</summary>
    /// <param name="address">The address.</param>
    /// <param name="options">The environment.</param>
    /// <exception cref="DemException">DEM1050 (BadStoreAddress).</exception>
    public static Uri Read(string address, HttpStoreOptions options)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) || uri.Host.Length == 0)
            throw Refused(address, "this is no address of a web server");
        if (uri.UserInfo.Length > 0)
            throw Refused(
                address[..(address.IndexOf("://", StringComparison.Ordinal) + 3)] + uri.Host,
                "there is a name or password in the address, which would be written into outputs",
                "Leave it out.");
        if (uri.Fragment.Length > 0 || uri.Query is not ("" or "?download=true"))
            throw Refused(
                address,
                "what follows a ? or # is not part of the address of a folder",
                "Name the folder that the model's files lie in.");
        return IsAsked(uri, options)
            ? uri
            : throw Refused(
                address,
                "anyone on the way could change what http:// brings",
                "Use https://, or set DEM_ALLOW_HTTP=1 for a network that you trust.");
    }

    /// <summary>
    /// Whether an address may be asked: over TLS, on this machine itself, or on the user's own word without either.
    /// </summary>
    /// <param name="uri">The address.</param>
    /// <param name="options">The environment.</param>
    public static bool IsAsked(Uri uri, HttpStoreOptions options) =>
        uri.Scheme == Uri.UriSchemeHttps
        || (uri.Scheme == Uri.UriSchemeHttp && (uri.IsLoopback || options.IsSet("DEM_ALLOW_HTTP")));

    /// <summary>Whether two addresses are of the same server: the same scheme, host and port.</summary>
    public static bool IsSameServer(Uri a, Uri b) =>
        a.Scheme == b.Scheme && a.Port == b.Port && string.Equals(a.Host, b.Host, StringComparison.OrdinalIgnoreCase);

    private static DemException Refused(string address, string why, string? remedy = null) =>
        new(ErrorCode.BadStoreAddress, $"{address}: {why}", remedy: remedy) { Path = address };
}
