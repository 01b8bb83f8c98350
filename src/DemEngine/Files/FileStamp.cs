using Microsoft.Win32.SafeHandles;

namespace DemEngine.Files;

/// <summary>
/// What shows that a file was written to. It is taken from the open file and not from its name, which may be a symbolic link, as in the
/// caches of the Hugging Face hub: <see cref="FileInfo"/> would describe the link.
/// </summary>
/// <param name="Length">Bytes in the file.</param>
/// <param name="LastWrite">When it was last written to.</param>
internal readonly record struct FileStamp(long Length, DateTime LastWrite)
{
    /// <summary>The stamp of an open file.</summary>
    public static FileStamp Of(SafeFileHandle file) => new(RandomAccess.GetLength(file), File.GetLastWriteTimeUtc(file));

    /// <summary>The stamp of the file that a path leads to now.</summary>
    public static FileStamp Of(string path)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        return Of(file);
    }
}
