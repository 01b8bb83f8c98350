namespace DemEngine.Checkpoints.PyTorch;

/// <summary>A file in an archive that is read in place.</summary>
/// <param name="Name">Path in the archive.</param>
/// <param name="Start">Offset of its first byte in the archive.</param>
/// <param name="Length">Length in bytes.</param>
/// <param name="Checksum">The CRC-32 that the archive states; see <see cref="HasChecksum"/>.</param>
internal sealed record ArchiveRecord(string Name, long Start, long Length, uint Checksum)
{
    /// <summary>
    /// Whether the archive states a checksum. PyTorch writes 0 where it was told to compute none
    /// (<c>torch.serialization.set_crc32_options</c>), and where data were left out.
    /// </summary>
    public bool HasChecksum => Checksum != 0;
}
