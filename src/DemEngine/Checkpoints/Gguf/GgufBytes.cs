namespace DemEngine.Checkpoints.Gguf;

/// <summary>Bytes of a file that is read here and there.</summary>
/// <param name="Length">Length of the file.</param>
/// <param name="Read">Fills memory with the bytes from an offset on.</param>
internal readonly record struct GgufBytes(long Length, ReadAt Read);

/// <summary>Fills memory with the bytes of a file.</summary>
/// <param name="offset">Offset of the first byte.</param>
/// <param name="destination">Memory to fill completely.</param>
internal delegate void ReadAt(long offset, Span<byte> destination);
