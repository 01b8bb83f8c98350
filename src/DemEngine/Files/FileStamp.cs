using Microsoft.Win32.SafeHandles;

namespace DemEngine.Files;

/// <summary>
/// Length and time by which a later write to a file is detected. They are taken from the open file and not from its name, which
/// may be a symbolic link, as in the caches of the Hugging Face hub, where <see cref="FileInfo"/> would describe the link.
/// </summary>
/// <param name="Length">Length of the file in bytes.</param>
/// <param name="LastWrite">Time of the last write, in UTC.</param>
internal readonly record struct FileStamp(long Length, DateTime LastWrite)
{
    /// <summary>Reads the stamp of an open file.</summary>
    /// <exception cref="IOException">The system does not say.</exception>
    public static FileStamp Of(SafeFileHandle file)
    {
        try
        {
            return new FileStamp(RandomAccess.GetLength(file), File.GetLastWriteTimeUtc(file));
        }
        catch (NotSupportedException e)
        {
            throw new IOException("the file system gives no positions in this file", e);
        }
    }

    /// <summary>Reads the stamp of the file that a path leads to now.</summary>
    public static FileStamp Of(string path)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        return Of(file);
    }
}
