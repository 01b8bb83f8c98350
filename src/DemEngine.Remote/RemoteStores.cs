using DemEngine.Remote.Http;
using DemEngine.Stores;

namespace DemEngine.Remote;

/// <summary>Registers all stores of this package.</summary>
public static class RemoteStores
{
    private static readonly Lazy<HttpStore> OfWeb = new(() => new HttpStore());

    /// <summary>Files of web servers and of the Hugging Face Hub; made when it is first asked for.</summary>
    public static IFileStore Web => OfWeb.Value;

    /// <summary>
    /// Lets recipes and paths name models on web servers (<c>https://…</c>; <c>http://…</c> on this machine) and on the Hugging
    /// Face Hub (<c>hf://org/name@revision</c>). Nothing is connected to before a model is opened.
    /// </summary>
    /// <param name="limits">How long stores are waited for; null for the defaults.</param>
    public static void Register(StoreLimits? limits = null)
    {
        foreach (string scheme in new[] { "https", "http", "hf" })
            FileStores.Register(scheme, () => Web, limits);
    }
}
