using DemEngine.Checkpoints;

namespace DemEngine.Merging;

/// <summary>How large the tiles are and how many threads work on them, so that the buffers stay within the memory bound.</summary>
/// <param name="Bytes">Of output in a tile: a whole number of hash leaves.</param>
/// <param name="Threads">That each have buffers of their own.</param>
internal readonly record struct TileSize(int Bytes, int Threads)
{
    /// <summary>A tile of output that stays in a core's second-level cache between being computed, hashed and written.</summary>
    public const int DefaultBytes = 1 << 20;

    // An input element is at most eight times as large as an output element.
    private const int WidestRatio = 8;

    /// <summary>Chooses.</summary>
    /// <param name="options">The bound, the threads wished for, and how inputs are read.</param>
    /// <param name="mostBuffers">The most buffers for inputs that any tile takes.</param>
    /// <exception cref="DemException">DEM1001: the bound is too small for even one smallest tile.</exception>
    public static TileSize Choose(RunOptions options, int mostBuffers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Threads, 1);
        long buffersPerByte = 1 + ((long)mostBuffers * WidestRatio);
        long leafCost = buffersPerByte * ContentHash.LeafBytes;
        long leaves = options.MaxMemoryBytes / leafCost;
        if (leaves < 1)
        {
            throw new DemException(
                ErrorCode.BadArgument,
                $"--max-memory {options.MaxMemoryBytes} bytes are too few: {mostBuffers} buffers for inputs and one for the output need at least {leafCost}");
        }

        int threads = (int)Math.Min(options.Threads, leaves);
        long perThread = Math.Min(leaves / threads, Math.Max(1, options.TileBytes / ContentHash.LeafBytes));
        return new TileSize((int)perThread * ContentHash.LeafBytes, threads);
    }
}
