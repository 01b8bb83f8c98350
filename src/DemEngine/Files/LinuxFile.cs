using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DemEngine.Files;

/// <summary>
/// System calls that .NET does not offer, or whose errors it passes over. All but the flushes to disk are hints or have a
/// fallback, and do nothing on other systems.
/// </summary>
internal static unsafe partial class LinuxFile
{
    private const int MadviseWillNeed = 3;
    private const int MadvisePopulateRead = 22; // Linux 5.14 and later.
    private const int FadviseRandom = 1;
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
    private const long MostCopied = 1L << 30; // A signal can end a copy only between calls.
    private const int Interrupted = 4; // EINTR
    private const int InputOutput = 5; // EIO
    private const int NoAccess = 13; // EACCES
    private const int BadAddress = 14; // EFAULT
    private const int HardwarePoison = 133; // EHWPOISON
    private const int Invalid = 22; // EINVAL
    private const int TooLarge = 27; // EFBIG
    private const int NoSpace = 28; // ENOSPC
    private const int NoSuchCall = 38; // ENOSYS
    private const int NotSupported = 95; // EOPNOTSUPP
    private const int QuotaExceeded = 122; // EDQUOT
    private const int OpenFilesLimit = 7; // RLIMIT_NOFILE
    private const int CloseOnExecute = 0x80000; // O_CLOEXEC
    private const int Exclusive = 2; // LOCK_EX
    private const int WriteOnly = 1;
    private const int PagesAtOnce = 1024;

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

    /// <summary>
    /// Brings a part of a mapping into memory. Without this call a page that the disk does not give, or that is no longer in the
    /// file, would end the process when it is read.
    /// </summary>
    /// <returns>False if a page cannot be had; true too where the system cannot be asked.</returns>
    public static bool TryPopulate(byte* origin, long length)
    {
        if (!OperatingSystem.IsLinux() || length == 0)
            return true;

        nuint start = (nuint)origin & ~(nuint)(Environment.SystemPageSize - 1);
        int error;
        do
            error = Madvise((void*)start, (nuint)(origin + length) - start, MadvisePopulateRead) == 0
                ? 0
                : Marshal.GetLastPInvokeError();
        while (error == Interrupted);
        return error is not (BadAddress or HardwarePoison);
    }

    /// <summary>
    /// Whether more than half of the pages of a part of a mapping are in memory; false where the system does not say.
    /// </summary>
    public static bool IsMostlyInMemory(byte* origin, long length)
    {
        if (!OperatingSystem.IsLinux() || length == 0)
            return false;

        int page = Environment.SystemPageSize;
        byte* start = (byte*)((nuint)origin & ~(nuint)(page - 1));
        long pages = (origin + length - start + page - 1) / page;
        long there = 0;
        byte* isThere = stackalloc byte[PagesAtOnce];
        for (long done = 0, count; done < pages; done += count)
        {
            count = Math.Min(PagesAtOnce, pages - done);
            if (MinCore(start + (done * page), (nuint)(count * page), isThere) != 0)
                return false;
            for (int k = 0; k < count; k++)
                there += isThere[k] & 1;
        }

        return there > pages / 2;
    }

    /// <summary>Starts to read ahead a part of a file.</summary>
    public static void WillNeed(SafeFileHandle file, long offset, long length)
    {
        if (OperatingSystem.IsLinux() && length > 0)
            _ = PosixFadvise(file, offset, length, FadviseWillNeed);
    }

    /// <summary>
    /// Opens an existing file for reading, or for writing, past the page cache. Offsets, lengths and memory have to be multiples
    /// of the page size then.
    /// </summary>
    /// <returns>The open file; null where the system or the file system cannot do this.</returns>
    public static SafeFileHandle? TryOpenDirect(string path, bool forWriting = false)
    {
        // O_DIRECT has another value on each architecture.
        int direct = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => 0x4000,
            Architecture.Arm64 => 0x10000,
            _ => 0,
        };
        if (!OperatingSystem.IsLinux() || direct == 0)
            return null;
        int flags = direct | CloseOnExecute | (forWriting ? WriteOnly : 0);
        int file = -1;
        return Retried(() => file = Open(path, flags)) == 0 ? new SafeFileHandle(file, ownsHandle: true) : null;
    }

    /// <summary>Whether an error says that the file system cannot do what was asked, whatever the file.</summary>
    public static bool IsNotPossible(IOException error) => (error.HResult & 0xFFFF) is Invalid or NotSupported;

    /// <summary>Whether a call was interrupted by a signal, and has only to be made again.</summary>
    public static bool IsInterrupted(IOException error) => OperatingSystem.IsLinux() && error.HResult == Interrupted;

    /// <summary>Says that a file will be read here and there, so that the system reads no more than is asked for.</summary>
    public static void WillReadHereAndThere(SafeFileHandle file)
    {
        if (OperatingSystem.IsLinux())
            _ = PosixFadvise(file, 0, 0, FadviseRandom);
    }

    /// <summary>Asks the system to drop a file from the page cache.</summary>
    /// <returns>True if the system accepted the hint.</returns>
    public static bool DropFromCache(SafeFileHandle file) =>
        OperatingSystem.IsLinux() && PosixFadvise(file, 0, 0, FadviseDontNeed) == 0;

    /// <summary>Reserves disk space for a file, where the file system can.</summary>
    /// <exception cref="IOException">The disk is full; <see cref="Exception.HResult"/> is the system's error number.</exception>
    public static void Allocate(SafeFileHandle file, long length)
    {
        if (!OperatingSystem.IsLinux() || length == 0)
            return;

        // Other errors say that the file system cannot reserve; then writing has to show whether there is space.
        int error = Retried(() => Fallocate(file, 0, 0, length));
        if (error is NoSpace or QuotaExceeded or TooLarge or InputOutput)
            throw Error(error);
    }

    /// <summary>
    /// Waits until a file is on disk. .NET's own call reports no failure, and after one the data may be lost although they can
    /// still be read from the system's cache.
    /// </summary>
    /// <exception cref="IOException">
    /// The data may not be on disk; <see cref="Exception.HResult"/> is the system's error number.
    /// </exception>
    public static void Sync(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
            RandomAccess.FlushToDisk(file);
        int error = OperatingSystem.IsWindows() ? 0 : Retried(() => Fsync(file));
        if (error != 0 && !IsNoSuchSync(error))
            throw Error(error);
    }

    /// <summary>Syncs a folder, so that the file names in it are durable.</summary>
    /// <exception cref="IOException">
    /// The names may not be on disk; <see cref="Exception.HResult"/> is the system's error number.
    /// </exception>
    public static void SyncFolder(string path)
    {
        if (OperatingSystem.IsWindows())
            return;

        int folder = -1;
        int error = Retried(() => folder = Open(path, 0));
        if (error == NoAccess)
            return; // A folder that may be written and not read cannot be synced.
        if (error == 0)
        {
            error = Retried(() => FsyncFolder(folder));
            _ = Close(folder);
        }

        if (error != 0 && !IsNoSuchSync(error))
            throw Error(error);
    }

    /// <summary>
    /// Holds a folder while names in it change: whoever else asks for it waits, in this process or another one, until the result
    /// is disposed or its process has ended.
    /// </summary>
    /// <param name="path">Path of the folder.</param>
    /// <returns>
    /// Null where the file system has no locks for folders, as some network file systems have none: nobody waits there.
    /// </returns>
    public static SafeFileHandle? HoldFolder(string path)
    {
        if (OperatingSystem.IsWindows())
            return null;

        int number = -1;
        if (Retried(() => number = Open(path, OperatingSystem.IsLinux() ? CloseOnExecute : 0)) != 0)
            return null;
        var folder = new SafeFileHandle(number, ownsHandle: true);
        if (Retried(() => Flock(folder, Exclusive)) == 0)
            return folder;
        folder.Dispose();
        return null;
    }

    /// <summary>Number of files that the process may have open at a time; null where the system does not say.</summary>
    public static long? MostOpenFiles()
    {
        long* limits = stackalloc long[2];
        if (!OperatingSystem.IsLinux() || GetLimit(OpenFilesLimit, limits) != 0)
            return null;
        return limits[0] < 0 ? null : limits[0];
    }

    /// <summary>
    /// Has the file system copy bytes between files, as far as it can: by sharing blocks, or on the server of a network file
    /// system.
    /// </summary>
    /// <returns>Number of bytes that were copied; the rest is left to the caller.</returns>
    /// <exception cref="IOException">
    /// The copy failed and would fail in another way too; <see cref="Exception.HResult"/> is the system's error number.
    /// </exception>
    public static long CopyRange(SafeFileHandle source, long from, SafeFileHandle target, long to, long length)
    {
        if (!OperatingSystem.IsLinux())
            return 0;

        long copied = 0;
        try
        {
            while (copied < length)
            {
                long fromNow = from + copied, toNow = to + copied;
                nint count = 0;
                nuint left = (nuint)Math.Min(length - copied, MostCopied);
                int error = Retried(() => (count = CopyFileRange(source, ref fromNow, target, ref toNow, left, 0)) < 0 ? -1 : 0);
                if (error is NoSpace or QuotaExceeded or TooLarge or InputOutput)
                    throw Error(error);
                if (error != 0 || count == 0)
                    return copied;
                copied += count;
            }
        }
        catch (EntryPointNotFoundException)
        {
            // An old C library; the caller copies.
        }

        return copied;
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

    /// <summary>Gives two names each other's file or folder, in one step.</summary>
    /// <param name="first">One path.</param>
    /// <param name="second">The other path, on the same file system.</param>
    /// <exception cref="IOException">The system cannot, or does not know how.</exception>
    public static void Exchange(string first, string second)
    {
        if (!TryExchange(first, second))
            throw new IOException($"{first} and {second} cannot be exchanged");
    }

    /// <summary>Calls the system until no signal interrupts it.</summary>
    /// <returns>The system's error number; 0 for success.</returns>
    private static int Retried(Func<int> call)
    {
        while (call() < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != Interrupted)
                return error;
        }

        return 0;
    }

    private static bool IsNoSuchSync(int error) => error is Invalid or NoSuchCall or NotSupported;

    private static IOException Error(int error) => new(Marshal.GetPInvokeErrorMessage(error), error);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int folder, string path, int flags, uint mask, byte* status);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    private static partial int Madvise(void* address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "mincore")]
    private static partial int MinCore(void* address, nuint length, byte* isThere);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int PosixFadvise(SafeFileHandle file, long offset, long length, int advice);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Fallocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "copy_file_range", SetLastError = true)]
    private static partial nint CopyFileRange(
        SafeFileHandle source, ref long from, SafeFileHandle target, ref long to, nuint length, uint flags);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Flock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FsyncFolder(int folder);

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, long* limits);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);

    [LibraryImport("libc", EntryPoint = "renameat2", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameAt2(int firstFolder, string first, int secondFolder, string second, uint flags);
}
