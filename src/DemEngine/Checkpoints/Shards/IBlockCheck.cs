namespace DemEngine.Checkpoints.Shards;

/// <summary>Checks what is in a file while it is read in blocks. Thread-safe.</summary>
internal interface IBlockCheck
{
    /// <summary>Takes a block that was read.</summary>
    /// <param name="offset">Offset of the block in the file.</param>
    /// <param name="block">Its bytes. Blocks that come again have the same borders.</param>
    /// <returns>Name of a tensor that is not what its hash says; null for none.</returns>
    string? Add(long offset, ReadOnlySpan<byte> block);
}
