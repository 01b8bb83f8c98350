namespace DemEngine.Remote.S3;

/// <summary>A place in a bucket.</summary>
/// <param name="Bucket">Name of the bucket.</param>
/// <param name="Key">Key of an object, or what the keys of a folder begin with, without a slash at the end.</param>
internal sealed record S3Address(string Bucket, string Key)
{
    private const string Scheme = "s3://";

    /// <summary>What the keys of the objects in this folder begin with.</summary>
    public string Prefix => Key.Length == 0 ? "" : $"{Key}/";

    /// <summary>Reads an address, <c>s3://bucket/prefix</c>.</summary>
    /// <exception cref="DemException">DEM1050 (BadStoreAddress).</exception>
    public static S3Address Read(string address)
    {
        string rest = address.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? address[Scheme.Length..] : "";
        int slash = rest.IndexOf('/', StringComparison.Ordinal);
        string bucket = slash < 0 ? rest : rest[..slash];
        string key = slash < 0 ? "" : rest[(slash + 1)..].Trim('/');
        bool isBucket = bucket.Length is >= 3 and <= 255
            && bucket.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');
        return isBucket && !key.Contains("//", StringComparison.Ordinal)
            ? new S3Address(bucket, key)
            : throw new DemException(
                ErrorCode.BadStoreAddress, $"{address}: this is no address of the form s3://bucket/prefix")
            {
                Path = address,
            };
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Scheme}{Bucket}" + (Key.Length == 0 ? "" : $"/{Key}");
}
