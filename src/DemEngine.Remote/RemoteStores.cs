using DemEngine.Remote.Http;
using DemEngine.Remote.S3;
using DemEngine.Stores;

namespace DemEngine.Remote;

/// <summary>Registers all stores of this package.</summary>
public static class RemoteStores
{
    private static readonly Lazy<HttpStore> OfWeb = new(() => new HttpStore());
    private static readonly Lazy<S3Store> OfS3 = new(() => new S3Store());

    /// <summary>Files of web servers and of the Hugging Face Hub; made when it is first asked for.</summary>
    public static IFileStore Web => OfWeb.Value;

    /// <summary>Folders of S3 and of servers that speak its protocol; made when it is first asked for.</summary>
    public static IWritableStore S3 => OfS3.Value;

    /// <summary>
    /// Lets recipes and paths name models on web servers (<c>https://…</c>; <c>http://…</c> on this machine) and on the Hugging
    /// Face Hub (<c>hf://org/name@revision</c>), and in S3 (<c>s3://bucket/prefix</c>). Nothing is connected to before a model is
    /// opened.
    /// </summary>
    /// <param name="limits">How long stores are waited for; null for the defaults.</param>
    public static void Register(StoreLimits? limits = null)
    {
        foreach (string scheme in new[] { "https", "http", "hf" })
            FileStores.Register(scheme, () => Web, limits);
        FileStores.Register("s3", () => S3, limits);
    }
}
