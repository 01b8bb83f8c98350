namespace DemEngine.Files;

/// <summary>From what the system says to a documented error.</summary>
internal static class WriteError
{
    private const int NoSpace = 28; // ENOSPC
    private const int QuotaExceeded = 122; // EDQUOT
    private const int WindowsDiskFull = unchecked((int)0x8007_0070);
    private const int WindowsHandleDiskFull = unchecked((int)0x8007_0027);

    /// <summary>DEM4001 where the disk is full, else DEM4002.</summary>
    /// <param name="e">What the system said.</param>
    /// <param name="path">What could not be written.</param>
    public static DemException From(Exception e, string path) => new(
        e.HResult is NoSpace or QuotaExceeded or WindowsDiskFull or WindowsHandleDiskFull ? ErrorCode.DiskFull : ErrorCode.WriteFailed,
        $"{path}: {e.Message}",
        e);
}
