using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DemEngine.Files;

/// <summary>System calls that .NET does not offer. All are hints or have a fallback, and do nothing on other systems.</summary>
internal static unsafe partial class LinuxFile
{
    private const int MadviseWillNeed = 3;
    private const int FadviseWillNeed = 3;
    private const int FadviseDontNeed = 4;
    private const int AtCurrentDirectory = -100;
    private const uint RenameExchange = 2;
    // The layout of struct statx is the same on every architecture.
    private const int StatusBytes = 256;
    private const int StatusModeOffset = 28;
    private const uint StatusType = 1;
    private const int KindMask = 0xF000;
    private const int RegularKind = 0x8000;
    private const int FolderKind = 0x4000;
    private const int NoSpace = 28; // ENOSPC
    private const int QuotaExceeded = 122; // EDQUOT

    /// <summary>
    /// Whether a path leads to a pipe, a socket or a device. Opening one could block for ever, and reading it might never end.
    /// </summary>
    public static bool IsSpecial(string path)
    {
        if (!OperatingSystem.IsLinux())
            return false;

        byte* status = stackalloc byte[StatusBytes];
        try
        {
            if (Statx(AtCurrentDirectory, path, 0, StatusType, status) != 0)
                return false;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }

        return (*(ushort*)(status + StatusModeOffset) & KindMask) is not (RegularKind or FolderKind);
    }

    /// <summary>Starts to read ahead a part of a mapping.</summary>
    public static void WillNeed(byte* origin, long length)
    {
        if (!OperatingSystem.IsLinux() || length == 0)
            return;

        nuint start = (nuint)origin & ~(nuint)(Environment.SystemPageSize - 1);
        _ = Madvise((void*)start, (nuint)(origin + length) - start, MadviseWillNeed);
    }

    /// <summary>Starts to read ahead a part of a file.</summary>
    public static void WillNeed(SafeFileHandle file, long offset, long length)
    {
        if (OperatingSystem.IsLinux() && length > 0)
            _ = PosixFadvise(file, offset, length, FadviseWillNeed);
    }

    /// <summary>Asks the system to drop a file from the page cache.</summary>
    /// <returns>True if the system accepted the hint.</returns>
    public static bool DropFromCache(SafeFileHandle file) =>
        OperatingSystem.IsLinux() && PosixFadvise(file, 0, 0, FadviseDontNeed) == 0;

    /// <summary>Reserves disk space for a file, where the file system can.</summary>
    /// <exception cref="IOException">The disk is full; <see cref="Exception.HResult"/> is the system's error number.</exception>
    public static void Allocate(SafeFileHandle file, long length)
    {
        if (!OperatingSystem.IsLinux() || length == 0 || Fallocate(file, 0, 0, length) == 0)
            return;

        int error = Marshal.GetLastPInvokeError();
        if (error is NoSpace or QuotaExceeded)
            throw new IOException(Marshal.GetPInvokeErrorMessage(error), error);
    }

    /// <summary>Syncs a folder, so that the file names in it are durable.</summary>
    public static void SyncFolder(string path)
    {
        if (OperatingSystem.IsWindows())
            return;

        int folder = Open(path, 0);
        if (folder < 0)
            return;
        _ = Fsync(folder);
        _ = Close(folder);
    }

    /// <summary>Exchanges two paths atomically.</summary>
    /// <returns>False if the system or the file system cannot do this.</returns>
    public static bool TryExchange(string first, string second)
    {
        if (!OperatingSystem.IsLinux())
            return false;

        try
        {
            return RenameAt2(AtCurrentDirectory, first, AtCurrentDirectory, second, RenameExchange) == 0;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int folder, string path, int flags, uint mask, byte* status);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Madvise(void* address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int PosixFadvise(SafeFileHandle file, long offset, long length, int advice);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Fallocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Fsync(int file);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);

    [LibraryImport("libc", EntryPoint = "renameat2", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameAt2(int firstFolder, string first, int secondFolder, string second, uint flags);
}
