namespace DemEngine.Files;

/// <summary>Converts the system's write errors to documented errors.</summary>
internal static class WriteError
{
    private const int NoSpace = 28; // ENOSPC
    private const int QuotaExceeded = 122; // EDQUOT
    private const int WindowsDiskFull = unchecked((int)0x8007_0070);
    private const int WindowsHandleDiskFull = unchecked((int)0x8007_0027);

    /// <summary>Creates DEM4001 (DiskFull) where the disk is full or a quota is exceeded, else DEM4002 (WriteFailed).</summary>
    /// <param name="e">Exception that the system call raised.</param>
    /// <param name="path">Path that could not be written.</param>
    public static DemException From(Exception e, string path) => new(
        e.HResult is NoSpace or QuotaExceeded or WindowsDiskFull or WindowsHandleDiskFull
            ? ErrorCode.DiskFull
            : ErrorCode.WriteFailed,
        $"{path}: {e.Message}",
        e);
}
