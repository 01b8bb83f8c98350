using DemEngine.Checkpoints;

namespace DemEngine.Merging.Options;

/// <summary>How large the tiles are and how many threads work on them, so that the buffers stay within the memory bound.</summary>
/// <param name="Bytes">Of output in a tile: a whole number of hash leaves.</param>
/// <param name="Outputs">Of which the same tile is made at a time.</param>
/// <param name="Threads">That each have buffers of their own.</param>
/// <param name="MaxBytes">The bound.</param>
internal readonly record struct TileSize(int Bytes, int Outputs, int Threads, long MaxBytes)
{
    // Enough that what they share is a small part of making them.
    private const int MaxOutputs = 16;

    // An input element is at most eight times as large as an output element.
    private const int WidestRatio = 8;

    /// <summary>Chooses.</summary>
    /// <param name="options">The bound, the threads wished for, and how inputs are read.</param>
    /// <param name="mostBuffers">The most buffers for inputs that any tile takes.</param>
    /// <param name="outputs">How many outputs are made together. Where memory is scarce, fewer of them at a time.</param>
    /// <exception cref="DemException">DEM1001: the bound is too small for even one smallest tile.</exception>
    public static TileSize Choose(RunOptions options, int mostBuffers, int outputs = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Threads, 1);
        long inputsPerByte = (long)mostBuffers * WidestRatio;
        int together = (int)Math.Clamp((options.MaxMemoryBytes / ContentHash.LeafBytes / options.Threads) - inputsPerByte, 1, Math.Min(outputs, MaxOutputs));
        long buffersPerByte = together + inputsPerByte;
        long leafCost = buffersPerByte * ContentHash.LeafBytes;
        long leaves = options.MaxMemoryBytes / leafCost;
        if (leaves < 1)
        {
            throw new DemException(
                ErrorCode.BadArgument,
                $"--max-memory {options.MaxMemoryBytes} bytes are too few: {mostBuffers} buffers for inputs and one for the output need at least {leafCost}");
        }

        int threads = (int)Math.Min(options.Threads, leaves);
        long perThread = Math.Min(leaves / threads, Math.Max(1, options.TileBytes / together / ContentHash.LeafBytes));
        return new TileSize((int)perThread * ContentHash.LeafBytes, together, threads, options.MaxMemoryBytes);
    }
}
