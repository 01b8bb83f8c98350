using DemEngine.Files;

namespace DemEngine.Lab.Benchmarking;

/// <summary>Brings files into the system's page cache or drops them from it.</summary>
internal static class PageCache
{
    /// <summary>Reads files once, so that they are in the cache.</summary>
    public static void Warm(IEnumerable<string> files)
    {
        byte[] block = new byte[4 << 20];
        foreach (string path in files)
        {
            using var file = File.OpenHandle(path);
            for (long at = 0; RandomAccess.Read(file, block, at) is int read and > 0; at += read)
            {
                // Reading alone fills the cache.
            }
        }
    }

    /// <summary>Flushes files to disk and drops them from the cache.</summary>
    /// <returns>False if this system or file system cannot do it.</returns>
    public static bool Drop(IEnumerable<string> files)
    {
        bool dropped = true;
        foreach (string path in files)
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
            RandomAccess.FlushToDisk(file);
            dropped &= LinuxFile.DropFromCache(file);
        }

        return dropped;
    }
}
