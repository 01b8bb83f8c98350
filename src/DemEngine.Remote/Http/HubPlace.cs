namespace DemEngine.Remote.Http;

/// <summary>A folder of a model on the Hugging Face Hub.</summary>
/// <param name="Repository">Id of the model, <c>org/name</c>.</param>
/// <param name="Revision">Branch, tag or commit.</param>
/// <param name="Folder">Path of the folder in the model, with slashes; empty for the model itself.</param>
internal sealed record HubPlace(string Repository, string Revision, string Folder)
{
    private const string Scheme = "hf://";
    private const string Default = "main";

    /// <summary>Reads an address of the form <c>hf://org/name@revision/folder</c>.</summary>
    /// <param name="address">The address.</param>
    /// <returns>Null where the address is of another form.</returns>
    public static HubPlace? OfHub(string address)
    {
        if (!address.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return null;
        string[] parts = address[Scheme.Length..].Split('/');
        if (parts.Length == 0 || parts.Any(part => part.Length == 0) || parts[0] is "datasets" or "spaces")
            return null;

        // A model of the hub's early days has no organisation.
        int named = parts.Length == 1 || parts[0].Contains('@', StringComparison.Ordinal) ? 1 : 2;
        string last = parts[named - 1];
        int at = last.IndexOf('@', StringComparison.Ordinal);
        string name = at < 0 ? last : last[..at];
        string revision = at < 0 ? Default : Uri.UnescapeDataString(last[(at + 1)..]);
        return name.Length == 0 || revision.Length == 0
            ? null
            : new HubPlace(
                string.Join('/', [.. parts[..(named - 1)], name]), revision, string.Join('/', parts[named..]));
    }

    /// <summary>Reads the address of a page or a file of the hub, as a browser shows it.</summary>
    /// <param name="address">Address on the hub's host.</param>
    /// <returns>Null where the address is not that of a model.</returns>
    public static HubPlace? OfPage(Uri address)
    {
        string[] parts = [.. address.AbsolutePath.Trim('/').Split('/').Select(Uri.UnescapeDataString)];
        if (parts.Length == 0 || parts.Any(part => part.Length == 0) || parts[0] is "datasets" or "spaces" or "api")
            return null;
        int verb = Array.FindIndex(parts, part => part is "resolve" or "tree" or "blob" or "raw");
        return verb switch
        {
            < 0 when parts.Length <= 2 => new HubPlace(string.Join('/', parts), Default, ""),
            1 or 2 when parts.Length > verb + 1 =>
                new HubPlace(string.Join('/', parts[..verb]), parts[verb + 1], string.Join('/', parts[(verb + 2)..])),
            _ => null,
        };
    }
}
