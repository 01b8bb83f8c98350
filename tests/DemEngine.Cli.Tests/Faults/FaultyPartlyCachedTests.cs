namespace DemEngine.Cli.Tests.Faults;

/// <summary>
/// Of a merge whose files are large beside the memory. What is read and written beside them is as in any other merge, and what
/// begins is begun as past the cache.
/// </summary>
[Platform(Include = "Linux")]
[Parallelizable(ParallelScope.Self)]
public sealed class FaultyPartlyCachedTests : FaultyMergeTests
{
    private static IEnumerable<string> Names =>
        NamesOr("pread", "pwrite", "open", "open_direct", "fsync", "mmap", "munmap", "madvise", "mincore", "fallocate");

    protected override string[] Options => [];

    protected override string MaxShardSize => "3MB";

    // A quarter of it is less than the models have and the output gets, and more than the runtime needs.
    protected override int? Memory => 16_000_000;

    private protected override ModelFamily NewFamily()
    {
        using var folder = new TempFolder();
        return new ModelFamily(folder.Write("large.json", """
            {"hidden_size": 256, "intermediate_size": 512, "num_hidden_layers": 1, "num_attention_heads": 4, "vocab_size": 3500}
            """), 2);
    }

    [Test]
    public void A_merge_partly_past_the_page_cache_ends_well([ValueSource(nameof(Names))] string call) =>
        TryCall(call, isCertain: !FaultyCalls.AreAllTried, few: 3);
}
