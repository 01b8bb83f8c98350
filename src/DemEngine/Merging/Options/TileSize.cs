using DemEngine.Checkpoints;

namespace DemEngine.Merging.Options;

/// <summary>The size of tiles and the number of threads, chosen so that all buffers stay within the memory bound.</summary>
/// <param name="Bytes">Size of an output tile in bytes, a whole number of hash leaves.</param>
/// <param name="Outputs">Number of outputs whose tiles at the same position are made at a time.</param>
/// <param name="Threads">Number of threads, each with its own buffers.</param>
/// <param name="MaxBytes">Upper bound on the size of all buffers together, in bytes.</param>
internal readonly record struct TileSize(int Bytes, int Outputs, int Threads, long MaxBytes)
{
    // With this many outputs at a time, the work that they share is already a small part of the total.
    private const int MaxOutputs = 16;

    // An input element is at most eight times as large as an output element.
    private const int WidestRatio = 8;

    /// <summary>Chooses the tile size and the number of threads.</summary>
    /// <param name="options">
    /// Run options, which give the memory bound, the wanted number of threads and the maximum tile size.
    /// </param>
    /// <param name="mostBuffers">Maximum number of input buffers that a tile takes.</param>
    /// <param name="outputs">Number of outputs that are made together. Where memory is scarce, fewer are made at a time.</param>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument): the memory bound is too small for even one tile of the minimum size.
    /// </exception>
    public static TileSize Choose(RunOptions options, int mostBuffers, int outputs = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Threads, 1);
        long inputsPerByte = (long)mostBuffers * WidestRatio;
        int together = (int)Math.Clamp(
            (options.MaxMemoryBytes / ContentHash.LeafBytes / options.Threads) - inputsPerByte,
            1,
            Math.Min(outputs, MaxOutputs));
        long buffersPerByte = together + inputsPerByte;
        long leafCost = buffersPerByte * ContentHash.LeafBytes;
        long leaves = options.MaxMemoryBytes / leafCost;
        if (leaves < 1)
        {
            throw new DemException(
                ErrorCode.BadArgument,
                $"a memory bound of {options.MaxMemoryBytes} bytes is too small: "
                    + $"{mostBuffers} buffers for inputs and one for the output need at least {leafCost}");
        }

        int threads = (int)Math.Min(options.Threads, leaves);
        long perThread = Math.Min(leaves / threads, Math.Max(1, options.TileBytes / together / ContentHash.LeafBytes));
        return new TileSize((int)perThread * ContentHash.LeafBytes, together, threads, options.MaxMemoryBytes);
    }
}
