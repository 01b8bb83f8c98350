using DemEngine.Files;
using DemEngine.Memory;

namespace DemEngine.Checkpoints;

/// <summary>How the bytes of a file come into memory.</summary>
internal interface IShardReader : IDisposable
{
    /// <summary>The file's length and time when it was opened.</summary>
    FileStamp Stamp { get; }

    /// <summary>Bytes in the file when it was opened.</summary>
    long Length { get; }

    /// <summary>Whether <see cref="Read"/> copies into the scratch.</summary>
    bool IsCopying { get; }

    /// <summary>Gives a part of the file.</summary>
    /// <param name="offset">Of the first byte in the file.</param>
    /// <param name="length">Number of bytes.</param>
    /// <param name="scratch">At least so many bytes, to be filled by readers that copy; unused by those that do not.</param>
    /// <returns>The bytes, valid until the scratch is used again or the reader is disposed.</returns>
    NativeBytes Read(long offset, int length, NativeBytes scratch);

    /// <summary>Says that a part will be read soon.</summary>
    void WillNeed(long offset, long length);
}
