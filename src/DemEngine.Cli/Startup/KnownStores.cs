using System.Runtime.CompilerServices;
using DemEngine.Remote;
using DemEngine.Stores;

namespace DemEngine.Cli.Startup;

/// <summary>
/// The stores whose addresses paths may be. Their code is loaded when the first address is met, so that a command that reads
/// files on disk starts as fast as without them.
/// </summary>
internal static class KnownStores
{
    /// <summary>Registers the stores.</summary>
    public static void Register()
    {
        foreach (string scheme in new[] { "https", "http", "hf" })
            FileStores.Register(scheme, Web);
        FileStores.Register("s3", S3);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static IFileStore Web() => RemoteStores.Web;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static IWritableStore S3() => RemoteStores.S3;
}
