namespace DemEngine.Files;

/// <summary>
/// How much of its files a run leaves to the system's page cache. What fits there is read from memory the next time; what does
/// not only pushes out what other programs have there, and costs the processor time for each page.
/// </summary>
internal static class PageCacheRoom
{
    private const int Share = 4;

    /// <summary>A quarter of the memory that the process may use, in bytes.</summary>
    public static long Bytes { get; } = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / Share;
}
