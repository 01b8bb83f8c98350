using DemEngine.Files;
using DemEngine.Memory;

namespace DemEngine.Checkpoints.Shards;

/// <summary>Reader of one shard's bytes.</summary>
internal interface IShardReader : IDisposable
{
    /// <summary>Path of the file, or name of the model that is no file.</summary>
    string Path { get; }

    /// <summary>Length and last write time of the file when it was opened.</summary>
    FileStamp Stamp { get; }

    /// <summary>Length of the file in bytes when it was opened.</summary>
    long Length { get; }

    /// <summary>Whether <see cref="Read"/> copies into its scratch memory.</summary>
    bool IsCopying { get; }

    /// <summary>Reads a part of the file.</summary>
    /// <param name="offset">Offset of the first byte in the file.</param>
    /// <param name="length">Number of bytes.</param>
    /// <param name="scratch">Scratch memory for at least that many bytes, which readers that copy fill and others ignore.</param>
    /// <returns>Bytes of the part, valid until the scratch memory is used again or the reader is disposed.</returns>
    NativeBytes Read(long offset, int length, NativeBytes scratch);

    /// <summary>
    /// Copies a small part of the file, such as its header or a sample, without what a mapping would read around it.
    /// </summary>
    /// <param name="offset">Offset of the first byte in the file.</param>
    /// <param name="destination">Memory to fill completely.</param>
    void Peek(long offset, Span<byte> destination);

    /// <summary>Copies a part of the file, by way of what was read ahead of it.</summary>
    /// <param name="offset">Offset of the first byte in the file.</param>
    /// <param name="destination">Memory to fill completely.</param>
    void Copy(long offset, Span<byte> destination) => Peek(offset, destination);

    /// <summary>Hints that a part will be read soon.</summary>
    void WillNeed(long offset, long length);
}
