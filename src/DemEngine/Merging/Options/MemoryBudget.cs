using DemEngine.Backends;
using DemEngine.Checkpoints;

namespace DemEngine.Merging.Options;

/// <summary>
/// The division of <see cref="RunOptions.MaxMemoryBytes"/>, which nothing else divides. The parts are taken in this order: what
/// is read ahead of time and written behind, past the page cache; what inputs are computed with, such as factors of adapters;
/// output tiles and input buffers of all threads, without which there is no run; results that stay in memory; the workers' own
/// scratch; and the cache of inputs, which gets what is left. The parts never add up to more than the whole.
/// </summary>
internal sealed class MemoryBudget
{
    // With this many outputs at a time, the work that they share is already a small part of the total.
    private const int MaxOutputs = 16;

    /// <summary>Size in bytes of the blocks in which outputs are written behind.</summary>
    public const int BehindBlockBytes = 1 << 20;

    // What is written behind leaves most of the whole bound to the tiles. More than the usual bytes keep no disk busier.
    private const int MostBehindShare = 8;
    private const int UsualBehindShare = 16;
    private const long UsualBehindBytes = 32 << 20;
    private const int BlocksWaiting = 8;

    // An input element is at most eight times as large as an output element.
    private const int WidestRatio = 8;

    private readonly long _workerDemand;
    private readonly ComputingMemory _computing;

    private MemoryBudget(
        long maxBytes,
        long aheadBytes,
        long behindBytes,
        ComputingMemory computing,
        TileSize tile,
        long inputBytesPerThread,
        long workerDemand,
        long resultDemand)
    {
        MaxBytes = maxBytes;
        AheadBytes = aheadBytes;
        BehindBytes = behindBytes;
        _computing = computing;
        ComputingBytes = computing.SharedBytes + (tile.Threads * computing.ThreadBytes);
        Tile = tile;
        InputBytesPerThread = inputBytesPerThread;
        OutputBytes = tile.Threads * (tile.Outputs * (long)tile.Bytes);
        InputBytes = tile.Threads * inputBytesPerThread;
        _workerDemand = workerDemand;
        long left = maxBytes - aheadBytes - behindBytes - ComputingBytes - OutputBytes - InputBytes;
        ResultBytes = Math.Min(resultDemand, left);
        WorkerBytes = Math.Min(workerDemand, left - ResultBytes);
        CacheBytes = left - ResultBytes - WorkerBytes;
    }

    /// <summary>The whole, in bytes.</summary>
    public long MaxBytes { get; }

    /// <summary>Part of what is read ahead of time, in bytes; 0 where the system's page cache does that.</summary>
    public long AheadBytes { get; }

    /// <summary>Part of what is computed and not written yet, in bytes; 0 where it is written into the page cache.</summary>
    public long BehindBytes { get; }

    /// <summary>Part of what all threads compute inputs with, in bytes; 0 where inputs are stored as they are.</summary>
    public long ComputingBytes { get; }

    /// <summary>Tile size and number of threads.</summary>
    public TileSize Tile { get; }

    /// <summary>Bytes of the input buffers that each thread allocates in advance.</summary>
    public long InputBytesPerThread { get; }

    /// <summary>Part of the output tiles of all threads, in bytes.</summary>
    public long OutputBytes { get; }

    /// <summary>Part of the input buffers of all threads, in bytes.</summary>
    public long InputBytes { get; }

    /// <summary>
    /// Part of the results that stay in memory, in bytes. It is smaller than they are where not even one result fits, since one
    /// is made nevertheless.
    /// </summary>
    public long ResultBytes { get; }

    /// <summary>
    /// Part of the scratch that workers allocate themselves, in bytes. Where less is left than they may need, they do not wait
    /// for it, and nothing is cached.
    /// </summary>
    public long WorkerBytes { get; }

    /// <summary>
    /// Part of the input cache, in bytes, with what a backend computes from inputs and keeps; see <see cref="KeptBytes"/>.
    /// </summary>
    public long CacheBytes { get; }

    /// <summary>Divides the memory for making tensors.</summary>
    /// <param name="options">
    /// Run options, which give the memory bound, the wanted number of threads and the maximum tile size.
    /// </param>
    /// <param name="tensors">What each tensor needs; the largest needs count.</param>
    /// <param name="outputs">Number of outputs that are made together. Where memory is scarce, fewer are made at a time.</param>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument): the memory bound is too small for even one tile of the minimum size.
    /// </exception>
    public static MemoryBudget For(RunOptions options, IEnumerable<TensorDemand> tensors, int outputs = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Threads, 1);
        TensorDemand[] demands = [.. tensors.Distinct()];
        int buffers = demands.Select(demand => demand.Buffers).DefaultIfEmpty().Max();
        long ahead = options.Io == IoMode.Direct || options.ReadsAhead ? ShardReaders.AheadBytes(options.MaxMemoryBytes) : 0;
        long behind = options.WritesBehind ? BehindBytesFor(options, outputs) : 0;
        ComputingMemory computing =
            demands.Aggregate(default(ComputingMemory), (most, demand) => most.Or(demand.Computing));
        var taken = new Taken(ahead + behind, computing);
        TileSize tile = WithRows(Choose(options, taken, buffers, outputs), options.MaxMemoryBytes - taken.Shared, taken, demands);
        return new MemoryBudget(
            options.MaxMemoryBytes,
            ahead,
            behind,
            computing,
            tile,
            InputsOf(demands, tile.Bytes),
            tile.Threads * demands.Select(demand => demand.WorkerBytes).DefaultIfEmpty().Max(),
            resultDemand: 0);
    }

    /// <summary>Returns the number of results of a given size that may stay in memory at a time: at least one.</summary>
    /// <param name="options">Run options, which give the memory bound.</param>
    /// <param name="bytes">Size of a result in bytes.</param>
    /// <param name="most">Maximum number.</param>
    public static int ResultsWithin(RunOptions options, long bytes, int most) =>
        (int)Math.Clamp(options.MaxMemoryBytes / Math.Max(1, bytes), 1, most);

    /// <summary>Returns the bytes that a backend may use for what it computes from inputs in memory, and keeps.</summary>
    /// <param name="inputBytes">Size of these inputs in bytes.</param>
    public static long KeptBytes(long inputBytes) => inputBytes / IMergeBackend.KeptShare;

    /// <summary>Returns the budget with results that stay in memory; workers and the cache get less.</summary>
    /// <param name="bytes">Size of all results together in bytes.</param>
    public MemoryBudget WithResults(long bytes) =>
        new(MaxBytes, AheadBytes, BehindBytes, _computing, Tile, InputBytesPerThread, _workerDemand, bytes);

    /// <summary>Chooses the tile size and the number of threads for tiles without a margin.</summary>
    private static TileSize Choose(RunOptions options, Taken taken, int mostBuffers, int outputs)
    {
        long most = options.MaxMemoryBytes - taken.Shared;
        long inputsPerByte = (long)mostBuffers * WidestRatio;
        int together = (int)Math.Clamp(
            (most / ContentHash.LeafBytes / options.Threads) - inputsPerByte,
            1,
            Math.Min(outputs, MaxOutputs));
        long buffersPerByte = together + inputsPerByte;
        long leafCost = buffersPerByte * ContentHash.LeafBytes;
        long leaves = most / leafCost;
        if (leaves < 1)
            throw TooSmall(
                most,
                taken,
                mostBuffers == 0
                    ? "a buffer for the output needs"
                    : $"{mostBuffers} buffers for inputs and one for the output need",
                leafCost + taken.ByThread);

        int threads = (int)Math.Min(options.Threads, leaves);
        long perThread = Math.Min(leaves / threads, Math.Max(1, options.TileBytes / together / ContentHash.LeafBytes));
        return new TileSize((int)perThread * ContentHash.LeafBytes, together, threads);
    }

    /// <summary>Makes room for margins: where they do not fit, with fewer outputs at a time, threads, or smaller tiles.</summary>
    private static TileSize WithRows(TileSize tile, long maxBytes, Taken taken, TensorDemand[] demands)
    {
        long leastInputs = InputsOf(demands, ContentHash.LeafBytes) + taken.ByThread;
        if (leastInputs > maxBytes - ContentHash.LeafBytes)
        {
            throw TooSmall(
                maxBytes,
                taken,
                "the smallest output tile and the rows that it is made from need",
                leastInputs + ContentHash.LeafBytes);
        }

        int together = (int)Math.Clamp(((maxBytes / tile.Threads) - leastInputs) / ContentHash.LeafBytes, 1, tile.Outputs);
        int threads = (int)Math.Min(tile.Threads, maxBytes / ((together * (long)ContentHash.LeafBytes) + leastInputs));
        int bytes = tile.Bytes;
        while (threads * ((together * (long)bytes) + InputsOf(demands, bytes) + taken.ByThread) > maxBytes)
            bytes -= ContentHash.LeafBytes;
        return new TileSize(bytes, together, threads);
    }

    /// <summary>
    /// Returns the part of what is not written yet: a block that fills for each thread and output, and some that wait for the
    /// disk. Where that is too much, everything is written through the page cache.
    /// </summary>
    private static long BehindBytesFor(RunOptions options, int outputs)
    {
        long needed = (((long)outputs * options.Threads) + BlocksWaiting) * BehindBlockBytes;
        return needed <= options.MaxMemoryBytes / MostBehindShare
            ? Math.Max(needed, Math.Min(UsualBehindBytes, options.MaxMemoryBytes / UsualBehindShare))
            : 0;
    }

    private static long InputsOf(TensorDemand[] demands, int tileBytes) =>
        demands.Select(demand => demand.InputBytes(tileBytes)).DefaultIfEmpty().Max();

    private static DemException TooSmall(long maxBytes, Taken taken, string what, long needed) => new(
        ErrorCode.BadArgument,
        $"a memory bound of {maxBytes + taken.Shared} bytes is too small: {what} at least {needed}"
        + (taken.Beside == 0 ? "" : $", and what is read ahead of time or not written yet takes {taken.Beside}")
        + (taken.Computing == default ? ""
            : $", and factors of adapters take {taken.Computing.SharedBytes}"),
        remedy: $"Raise the bound on memory to {needed + taken.Shared} bytes or more.");

    /// <summary>What is taken before tiles are.</summary>
    /// <param name="Beside">For what is read ahead of time or not written yet, in bytes.</param>
    /// <param name="Computing">For what inputs are computed with.</param>
    private readonly record struct Taken(long Beside, ComputingMemory Computing)
    {
        public long Shared => Beside + Computing.SharedBytes;

        public long ByThread => Computing.ThreadBytes;
    }
}
