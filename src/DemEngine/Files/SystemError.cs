namespace DemEngine.Files;

/// <summary>Finds the documented error for what the system refused where nobody expected it.</summary>
internal static class SystemError
{
    /// <summary>Returns the code that says most of an exception that is not documented itself.</summary>
    /// <param name="e">Exception that reached the end of a command.</param>
    public static ErrorCode CodeOf(Exception e)
    {
        if (e is OutOfMemoryException)
            return ErrorCode.OutOfMemory;
        for (Exception? cause = e; cause is not null; cause = cause.InnerException)
        {
            // What is not supported may be anything here, where it is not known that a file was worked on.
            if (cause is not NotSupportedException && WriteError.Covers(cause))
                return WorkingFolder.IsGone ? ErrorCode.NoWorkingFolder : CodeOfFile(cause);
        }

        return ErrorCode.Internal;
    }

    /// <summary>Whether a file could not be opened because another process holds it.</summary>
    /// <param name="e">Exception that the opening raised.</param>
    public static bool IsHeldByAnother(IOException e)
    {
        const int TryAgain = 11, TryAgainOnMac = 35; // EWOULDBLOCK
        const int SharingViolation = unchecked((int)0x8007_0020);
        return e.HResult is SharingViolation || e.HResult == (OperatingSystem.IsMacOS() ? TryAgainOnMac : TryAgain);
    }

    private static ErrorCode CodeOfFile(Exception e)
    {
        ErrorCode code = WriteError.From(e, "").Code;
        return code == ErrorCode.WriteFailed ? ErrorCode.FileSystemFailed : code;
    }
}
