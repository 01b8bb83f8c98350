namespace DemEngine.Checkpoints.Shards;

/// <summary>A file whose blocks <see cref="DirectBlocks"/> reads.</summary>
internal interface IDirectFile
{
    /// <summary>Reads a block past the page cache.</summary>
    /// <param name="offset">Offset of the block, a multiple of its length.</param>
    /// <param name="block">Page-aligned memory of the block's length.</param>
    /// <returns>Number of bytes read; fewer than the block has only at the end of the file.</returns>
    /// <exception cref="DemException">DEM4003 (ReadFailed): the file cannot be read.</exception>
    int ReadBlock(long offset, Span<byte> block);

    /// <summary>Makes the error that the file ends before what was to be read.</summary>
    DemException Shorter();
}
