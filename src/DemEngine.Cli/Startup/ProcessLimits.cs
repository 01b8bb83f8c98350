using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DemEngine.Cli.Startup;

/// <summary>
/// Limits of the process under which the runtime itself would end without an error that says why. They are looked at first, and
/// with nothing that has to be loaded for it, the console included. Under some 22 open files, or files of some 4 MB, the runtime
/// does not come as far as this.
/// </summary>
internal static class ProcessLimits
{
    // The runtime has about a hundred files open: one for each assembly, and its own.
    private const long FilesNeeded = 128;

    // The runtime keeps what it compiles in a memory file, which the limit on file sizes holds for too.
    private const long FileBytesNeeded = 32 << 20;
    private const string CodeInMemoryFile = "DOTNET_EnableWriteXorExecute";

    private const int FileSizeLimit = 1; // RLIMIT_FSIZE
    private const int OpenFilesLimit = 7; // RLIMIT_NOFILE
    private const int FileSizeSignal = 25; // SIGXFSZ
    private const nint Ignored = 1; // SIG_IGN
    private const int StandardError = 2;

    /// <summary>Checks the limits, and says on standard error which is too low.</summary>
    /// <returns>False if one is too low.</returns>
    public static bool AreEnough()
    {
        if (!OperatingSystem.IsLinux())
            return true;

        // A file that grows past the limit is then an error of the call that writes, and not the end of the process.
        _ = SetHandler(FileSizeSignal, Ignored);
        if (Limit(OpenFilesLimit) is >= 0 and < FilesNeeded and var files)
        {
            Say(
                "error DEM4013: the process may have " + files.ToString() + " files open, and needs at least "
                + FilesNeeded.ToString() + "\n       Raise the limit, as with `ulimit -n 1024`, and run again.\n");
            return false;
        }

        if (RuntimeFeature.IsDynamicCodeCompiled && Limit(FileSizeLimit) is >= 0 and < FileBytesNeeded and var bytes
            && Environment.GetEnvironmentVariable(CodeInMemoryFile) is not "0")
        {
            Say(
                "error DEM4012: the process may write files of " + bytes.ToString() + " bytes, and .NET alone needs "
                + FileBytesNeeded.ToString()
                + " for compiled code\n       Raise the limit, as with `ulimit -f unlimited`, or set "
                + CodeInMemoryFile + "=0, and run again.\n");
            return false;
        }

        return true;
    }

    private static long Limit(int resource) => GetLimit(resource, out Limits limits) == 0 ? limits.Current : -1;

    private static void Say(string text)
    {
        byte[] bytes = new byte[text.Length];
        for (int k = 0; k < text.Length; k++)
            bytes[k] = (byte)text[k];
        _ = Write(StandardError, bytes, bytes.Length);
    }

    [DllImport("libc", EntryPoint = "getrlimit")]
    private static extern int GetLimit(int resource, out Limits limits);

    [DllImport("libc", EntryPoint = "signal")]
    private static extern nint SetHandler(int signal, nint handler);

    [DllImport("libc", EntryPoint = "write")]
    private static extern nint Write(int file, byte[] bytes, nint count);

    private readonly struct Limits
    {
        public readonly long Current;
        public readonly long Highest;
    }
}
