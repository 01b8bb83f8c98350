using DemEngine.Files;

namespace DemEngine.Search;

/// <summary>The folder of a search, which one process at a time works in.</summary>
internal static class SearchFolder
{
    private const string Mark = ".dem-search";
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Claims the folder; it is created, or is that of an earlier search.</summary>
    /// <exception cref="DemException">
    /// DEM1003, DEM1008 (OutputNotOurs, OutputBusy): the folder is not a search's, or another process works there. DEM4001,
    /// DEM4002 (DiskFull, WriteFailed): it cannot be written.
    /// </exception>
    public static ClaimedFolder Claim(string path) =>
        ClaimedFolder.Claim(path, Mark, "`dem search` works in this folder. It goes on with the trials in it.\n");

    /// <summary>Claims the folder, and waits up to a minute for a process that works there.</summary>
    /// <exception cref="DemException">As <see cref="Claim"/>.</exception>
    public static ClaimedFolder ClaimInTurn(string path, CancellationToken cancel)
    {
        DateTime end = DateTime.UtcNow + LongestWait;
        while (true)
        {
            try
            {
                return Claim(path);
            }
            catch (DemException e) when (e.Code == ErrorCode.OutputBusy && DateTime.UtcNow < end)
            {
                cancel.ThrowIfCancellationRequested();
                Thread.Sleep(Pause);
            }
        }
    }
}
