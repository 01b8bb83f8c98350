namespace DemEngine.Checkpoints.PyTorch;

/// <summary>A file in a zip archive, as the archive's directory describes it.</summary>
/// <param name="Name">Path in the archive, with slashes.</param>
/// <param name="Method">How it is compressed; 0 where it is stored as it is.</param>
/// <param name="IsEncrypted">Whether it is encrypted.</param>
/// <param name="Stored">Length in the archive, in bytes.</param>
/// <param name="Length">Length of the file, in bytes.</param>
/// <param name="Header">Offset of its own header in the archive.</param>
/// <param name="Checksum">CRC-32 of its contents; 0 where none was computed.</param>
internal sealed record ZipEntry(
    string Name, int Method, bool IsEncrypted, long Stored, long Length, long Header, uint Checksum);
