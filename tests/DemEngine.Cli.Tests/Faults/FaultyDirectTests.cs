namespace DemEngine.Cli.Tests.Faults;

/// <summary>Of a merge that reads and writes past the page cache.</summary>
[Platform(Include = "Linux")]
[Parallelizable(ParallelScope.Self)]
public sealed class FaultyDirectTests : FaultyMergeTests
{
    private static IEnumerable<string> Names =>
        NamesOr("pread", "pwrite", "open", "open_direct", "fsync", "lseek", "pthread_create", "aligned_alloc");

    protected override string[] Options => ["--io", "direct"];

    [Test]
    public void A_merge_past_the_page_cache_ends_well([ValueSource(nameof(Names))] string call) =>
        TryCall(call, isCertain: !FaultyCalls.AreAllTried, few: Math.Max(2, FaultyCalls.Errors[call].Length));
}
