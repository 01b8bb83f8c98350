using DemEngine.Stores;

namespace DemEngine.Checkpoints.Pipelines;

/// <summary>Reads small files of a pipeline whole, unless they are too large to be what they should be.</summary>
internal static class BoundedFile
{
    /// <summary>Reads a file.</summary>
    /// <param name="path">Path of the file, which may be a link.</param>
    /// <param name="maxLength">Largest length in bytes.</param>
    /// <returns>The contents; null if the file is larger.</returns>
    public static byte[]? Read(string path, long maxLength)
    {
        // The length is taken from the open file, since a link's own length would be too short.
        using Stream file = StoreCopies.OpenRead(path);
        if (file.Length > maxLength)
            return null;
        byte[] contents = new byte[file.Length];
        file.ReadExactly(contents);
        return contents;
    }
}
