using System.Runtime.Intrinsics;
using DemEngine.Backends;
using DemEngine.Backends.Cpu.Deltas;
using DemEngine.Backends.Cpu.Linear;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;
using DemEngine.Numerics.Simd;

namespace DemEngine.Tests.Merging;

/// <summary>The memory bound is divided in one place, and no more is given out than there is.</summary>
public sealed class MemoryBudgetTests
{
    private const long Leaf = ContentHash.LeafBytes;

    /// <summary>Three 16-bit inputs that are copied.</summary>
    private static readonly TensorDemand Copied = new(ElementSize: 2, Buffers: 3, BufferElementBytes: 6, Margin: 0, WorkerBytes: 10 * Leaf);

    private static readonly TensorDemand Mapped = new(ElementSize: 2, Buffers: 0, BufferElementBytes: 0, Margin: 0, WorkerBytes: Leaf);

    // Outputs, inputs, workers and the cache, in leaves.
    [TestCase(25, 1, 1, 1, 3, 10, 11, TestName = "Least: a thread with a leaf of output and three inputs")]
    [TestCase(100, 4, 4, 1, 3, 40, 44, TestName = "Four threads with a leaf each")]
    [TestCase(99, 4, 3, 1, 3, 30, 57, TestName = "A thread fewer where a leaf is missing")]
    [TestCase(200, 2, 2, 4, 12, 20, 148, TestName = "Tiles no larger than is good for the processor's cache")]
    public void The_whole_is_divided_in_leaves(int whole, int threads, int runs, int outputs, int inputs, int workers, int cache)
    {
        MemoryBudget budget = MemoryBudget.For(Options(whole * Leaf, threads), [Copied, Mapped]);
        Assert.That(budget.Tile, Is.EqualTo(new TileSize((int)(outputs * Leaf), 1, runs)));
        Assert.That(budget.InputBytesPerThread, Is.EqualTo(inputs * Leaf));
        Assert.That(
            (budget.OutputBytes / Leaf, budget.InputBytes / Leaf, budget.WorkerBytes / Leaf, budget.CacheBytes / Leaf),
            Is.EqualTo(((long)runs * outputs, (long)runs * inputs, (long)workers, (long)cache)));
    }

    [Test]
    public void Results_in_memory_come_before_the_workers_and_the_cache()
    {
        MemoryBudget budget = MemoryBudget.For(Options(100 * Leaf, 4), [Copied]);
        foreach (var (results, kept, workers, cache) in new[] { (0, 0, 40, 44), (30, 30, 40, 14), (50, 50, 34, 0), (90, 84, 0, 0) })
        {
            MemoryBudget with = budget.WithResults(results * Leaf);
            Assert.That(with.Tile, Is.EqualTo(budget.Tile));
            Assert.That(
                (with.ResultBytes / Leaf, with.WorkerBytes / Leaf, with.CacheBytes / Leaf),
                Is.EqualTo(((long)kept, (long)workers, (long)cache)));
        }
    }

    [Test]
    public void Rows_that_are_read_beyond_a_tile_cost_threads_and_then_the_size_of_tiles()
    {
        // A leaf has 131072 elements of two bytes. The rows make three leaves of each input.
        TensorDemand rows = Copied with { Margin = 2 * Leaf / 2 };
        Assert.That(MemoryBudget.For(Options(29 * Leaf, 1), [rows]).Tile, Is.EqualTo(new TileSize((int)Leaf, 1, 1)));
        Assert.That(MemoryBudget.For(Options(50 * Leaf, 2), [rows]).Tile.Threads, Is.EqualTo(2));
        TensorDemand longRows = Copied with { Margin = 10 * Leaf / 2 };
        Assert.That(MemoryBudget.For(Options(50 * Leaf, 2), [longRows]).Tile, Is.EqualTo(new TileSize((int)Leaf, 1, 1)));
        Assert.That(MemoryBudget.For(Options(100 * Leaf, 2), [longRows]).Tile, Is.EqualTo(new TileSize((int)(2 * Leaf), 1, 2)));
        DemException e = Failing.With(ErrorCode.BadArgument, () => MemoryBudget.For(Options(33 * Leaf, 2), [longRows]));
        Assert.That(e.Message, Does.Contain($"at least {34 * Leaf}"));
        Assert.That(MemoryBudget.For(Options(34 * Leaf, 2), [longRows]).CacheBytes, Is.Zero);
    }

    [Test]
    public void What_the_error_asks_for_is_enough()
    {
        DemException e = Failing.With(ErrorCode.BadArgument, () => MemoryBudget.For(Options((25 * Leaf) - 1, 8), [Copied], outputs: 4));
        Assert.That(e.Message, Does.Contain($"at least {25 * Leaf}"));
        Assert.That(MemoryBudget.For(Options(25 * Leaf, 8), [Copied], outputs: 4).Tile, Is.EqualTo(new TileSize((int)Leaf, 1, 1)));
    }

    [Test]
    public void The_parts_add_up_to_the_whole()
    {
        var random = new Random(5);
        int refused = 0;
        for (int k = 0; k < 5000; k++)
        {
            long whole = (long)(Leaf * Math.Pow(2, random.NextDouble() * 14));
            int buffers = random.Next(8);
            int size = 1 << random.Next(4);
            var demand = new TensorDemand(
                size, buffers, buffers * random.Next(1, (8 * size) + 1), random.Next(2) * random.Next(2_000_000), random.Next(100_000_000))
            {
                Computing = new ComputingMemory(random.Next(2) * random.NextInt64(1 + (whole / 4)), random.Next(2) * random.NextInt64(1 + (whole / 8))),
            };
            RunOptions options = Options(whole, random.Next(1, 65));
            try
            {
                int outputs = random.Next(1, 40);
                MemoryBudget budget = MemoryBudget.For(options, [demand, Mapped], outputs).WithResults(random.Next(2) * random.NextInt64(2 * whole));
                long[] parts = [budget.ComputingBytes, budget.OutputBytes, budget.InputBytes, budget.ResultBytes, budget.WorkerBytes, budget.CacheBytes];
                Assert.That(parts, Has.All.Not.Negative);
                Assert.That(parts.Sum(), Is.EqualTo(whole));
                Assert.That(budget.OutputBytes, Is.EqualTo((long)budget.Tile.Threads * budget.Tile.Outputs * budget.Tile.Bytes));
                Assert.That(budget.ComputingBytes, Is.EqualTo(demand.Computing.SharedBytes + (budget.Tile.Threads * demand.Computing.ThreadBytes)));
                Assert.That(budget.InputBytesPerThread, Is.EqualTo(demand.InputBytes(budget.Tile.Bytes)));
                Assert.That(budget.Tile.Bytes, Is.Positive.And.LessThanOrEqualTo(RunOptions.DefaultTileBytes));
                Assert.That(budget.Tile.Bytes % Leaf, Is.Zero);
                Assert.That(budget.Tile.Threads, Is.InRange(1, options.Threads));
                Assert.That(budget.Tile.Outputs, Is.InRange(1, outputs));
            }
            catch (DemException e) when (e.Code == ErrorCode.BadArgument)
            {
                refused++;
            }
        }

        Assert.That(refused, Is.InRange(1, 4000));
    }

    [Test]
    public void What_inputs_are_computed_with_costs_threads_and_then_is_refused()
    {
        TensorDemand computed = Copied with { Computing = new ComputingMemory(SharedBytes: 10 * Leaf, ThreadBytes: 20 * Leaf) };
        Assert.That(MemoryBudget.For(Options(200 * Leaf, 4), [computed]).Tile.Threads, Is.EqualTo(4));
        MemoryBudget less = MemoryBudget.For(Options(100 * Leaf, 4), [computed, Mapped]);
        Assert.That((less.Tile.Threads, less.ComputingBytes / Leaf), Is.EqualTo((3, 70)));
        DemException e = Failing.With(ErrorCode.BadArgument, () => MemoryBudget.For(Options(34 * Leaf, 4), [computed]));
        Assert.That(e.Message, Does.Contain($"factors of adapters take {10 * Leaf}").And.Contain($"need at least {45 * Leaf}"));
        Assert.That(MemoryBudget.For(Options(55 * Leaf, 4), [computed]).Tile.Threads, Is.EqualTo(1));
    }

    /// <summary>The largest that each operation takes, as if a worker had done all of them.</summary>
    [Test]
    public void The_processors_workers_stay_within_their_scratch([Values(1, 4, 32)] int inputs)
    {
        const int leaf = GramOrder.LeafElements;
        int ofBlock = DeltaBlock<Width128, Vector128<uint>>.RowBytes;
        int ofVector = leaf / GramOrder.Lanes * GramLeaf<Width128, Vector128<uint>>.RowBytes;
        long converted = inputs * leaf * sizeof(double);
        long gram = (leaf * sizeof(float)) + (inputs * (ofVector + (leaf * sizeof(float))));
        long deltas = ((inputs + 1) * ofBlock) + (2 * leaf * sizeof(uint));
        const int sort = 4 * 256 * sizeof(int);
        const long notFinite = KeepMaskCache.BlockElements * (sizeof(double) + sizeof(bool));
        Assert.That(converted + gram + deltas + sort + notFinite, Is.LessThanOrEqualTo(IMergeBackend.WorkerBytes(inputs, rowElements: 0)));

        const int row = 100_001;
        long ranks = row * (sizeof(uint) + (2L * sizeof(ulong)));
        long divergences = 2L * SoftmaxDivergence.Padded(row) * sizeof(double);
        Assert.That(ranks + divergences, Is.LessThanOrEqualTo(IMergeBackend.WorkerBytes(inputs, row) - IMergeBackend.WorkerBytes(inputs, 0)));
    }

    private static RunOptions Options(long bytes, int threads) => new() { MaxMemoryBytes = bytes, Threads = threads };
}
