namespace DemEngine.Files;

/// <summary>Converts the system's write errors to documented errors.</summary>
internal static class WriteError
{
    private const int NoSpace = 28; // ENOSPC
    private const int QuotaExceeded = 122; // EDQUOT
    private const int TooLarge = 27; // EFBIG
    private const int ProcessFiles = 24; // EMFILE
    private const int SystemFiles = 23; // ENFILE
    private const int WindowsDiskFull = unchecked((int)0x8007_0070);
    private const int WindowsHandleDiskFull = unchecked((int)0x8007_0027);

    /// <summary>
    /// Whether an exception is an error of the file system. .NET throws <see cref="ArgumentOutOfRangeException"/> for a file that
    /// is too large, and <see cref="NotSupportedException"/> for one of which the system gives no position.
    /// </summary>
    /// <param name="e">Exception that a file operation raised.</param>
    public static bool Covers(Exception e) =>
        e is IOException or UnauthorizedAccessException or NotSupportedException
            or ArgumentOutOfRangeException { ParamName: "value" };

    /// <summary>
    /// Creates DEM4001 (DiskFull) where the disk is full or a quota is exceeded, DEM4012 (FileTooLarge) where the file may not
    /// grow so far, DEM4013 (TooManyOpenFiles) where no more files may be open, else DEM4002 (WriteFailed).
    /// </summary>
    /// <param name="e">Exception that the system call raised.</param>
    /// <param name="path">Path that could not be written.</param>
    public static DemException From(Exception e, string path)
    {
        string message = e switch
        {
            ArgumentOutOfRangeException => "the file may not grow so far",
            NotSupportedException => "the file system gives no positions in this file",
            _ => e.Message,
        };
        return new DemException(CodeOf(e), $"{path}: {message}", e);
    }

    private static ErrorCode CodeOf(Exception e) => e.HResult switch
    {
        NoSpace or QuotaExceeded or WindowsDiskFull or WindowsHandleDiskFull => ErrorCode.DiskFull,
        TooLarge => ErrorCode.FileTooLarge,
        ProcessFiles or SystemFiles => ErrorCode.TooManyOpenFiles,
        _ => e is ArgumentOutOfRangeException ? ErrorCode.FileTooLarge : ErrorCode.WriteFailed,
    };
}
