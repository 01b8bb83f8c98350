using DemEngine.Checkpoints.Shards;
using DemEngine.Memory;

namespace DemEngine.Tests.Checkpoints;

/// <summary>Blocks that are read ahead past the page cache, with files that count how often each is read.</summary>
public sealed class DirectBlocksTests
{
    private const int Length = (37 << 16) + 4321;

    [Test]
    public void Many_threads_get_the_file_s_bytes_whatever_was_announced(
        [Values(0, 1 << 18, 1 << 22, 256 << 20)] int memory, [Values] bool isAnnounced)
    {
        var file = new CountedFile(SafetensorsText.Pattern(Length));
        using var blocks = new DirectBlocks(memory);
        WorkerThreads.Run(
            6,
            (thread, _) =>
            {
                var random = new Random(thread);
                var ranges = Enumerable.Range(0, 60).Select(_ => random.Next(Length)).Select(first => (first, random.Next(Length - first) / 8));
                byte[] part = new byte[Length];
                foreach (var (first, count) in ranges)
                {
                    if (isAnnounced)
                        blocks.WillNeed(file, first, count);
                    blocks.Copy(file, first, part.AsSpan(0, count));
                    if (!part.AsSpan(0, count).SequenceEqual(file.Bytes.AsSpan(first, count)))
                        throw new InvalidOperationException($"{first}, {count}");
                }
            },
            default);
    }

    [Test]
    public void What_is_announced_in_order_is_read_once()
    {
        var file = new CountedFile(SafetensorsText.Pattern(Length));
        using var blocks = new DirectBlocks(1 << 24);
        const int tile = 50_000;
        for (int first = 0; first < Length; first += tile)
            blocks.WillNeed(file, first, Math.Min(tile, Length - first));
        byte[] part = new byte[tile];
        for (int first = 0; first < Length; first += tile)
            blocks.Copy(file, first, part.AsSpan(0, Math.Min(tile, Length - first)));
        Assert.That(file.Reads, Is.EqualTo((Length + blocks.BlockBytes - 1) / blocks.BlockBytes));
    }

    [Test]
    public void What_is_announced_and_never_read_keeps_no_memory_from_others()
    {
        var idle = new CountedFile(SafetensorsText.Pattern(Length));
        var file = new CountedFile(SafetensorsText.Pattern(Length));
        using var blocks = new DirectBlocks(1 << 20);
        blocks.WillNeed(idle, 0, Length);
        byte[] part = new byte[Length];
        for (int round = 0; round < 3; round++)
            blocks.Copy(file, 0, part);
        Assert.That(part, Is.EqualTo(file.Bytes));
    }

    [Test]
    public void A_block_that_cannot_be_read_is_an_error_for_each_who_needs_it()
    {
        var file = new CountedFile(SafetensorsText.Pattern(Length)) { FailsFrom = Length / 2 };
        using var blocks = new DirectBlocks(1 << 24);
        blocks.WillNeed(file, 0, Length);
        byte[] part = new byte[Length];
        for (int round = 0; round < 2; round++)
        {
            DemException error = Assert.Throws<DemException>(() => blocks.Copy(file, 0, part))!;
            Assert.That(error.Code, Is.EqualTo(ErrorCode.ReadFailed));
        }

        Assert.That(() => blocks.Copy(file, 0, part.AsSpan(0, 100)), Throws.Nothing);
    }

    [Test]
    public void A_file_that_ends_early_is_an_error()
    {
        var file = new CountedFile(SafetensorsText.Pattern(Length));
        using var blocks = new DirectBlocks(1 << 24);
        DemException error = Assert.Throws<DemException>(() => blocks.Copy(file, Length - 10, new byte[11]))!;
        Assert.That(error.Code, Is.EqualTo(ErrorCode.InputChanged));
    }

    [Test]
    public void A_file_can_be_forgotten_while_it_is_read_ahead()
    {
        using var blocks = new DirectBlocks(1 << 24);
        for (int round = 0; round < 50; round++)
        {
            var file = new CountedFile(SafetensorsText.Pattern(Length));
            blocks.WillNeed(file, 0, Length);
            blocks.Forget(file);
            int reads = file.Reads;
            Thread.Yield();
            Assert.That(file.Reads, Is.EqualTo(reads), "nobody reads a forgotten file");
        }
    }

    private sealed class CountedFile(byte[] bytes) : IDirectFile
    {
        private int _reads;

        public byte[] Bytes => bytes;

        public int Reads => Volatile.Read(ref _reads);

        public long FailsFrom { get; init; } = long.MaxValue;

        public int ReadBlock(long offset, Span<byte> block)
        {
            Interlocked.Increment(ref _reads);
            if (offset >= FailsFrom)
                throw new DemException(ErrorCode.ReadFailed, "broken");
            int count = (int)Math.Min(block.Length, bytes.Length - offset);
            bytes.AsSpan((int)offset, count).CopyTo(block);
            return count;
        }

        public DemException Shorter() => new(ErrorCode.InputChanged, "shorter");
    }
}
