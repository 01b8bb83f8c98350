namespace DemEngine.Cli.Tests.Faults;

/// <summary>Of a merge that replaces another.</summary>
[Platform(Include = "Linux")]
[Parallelizable(ParallelScope.Self)]
public sealed class FaultyCallTests : FaultyMergeTests
{
    private static readonly string[] Certain =
        ["pread", "pwrite", "fsync", "open", "close", "stat", "lstat", "fstat", "mkdir", "mmap", "munmap", "madvise", "flock", "unlink",
         "opendir", "readdir", "lseek", "pthread_create", "aligned_alloc"];

    private static IEnumerable<string> Names => FaultyCalls.Errors.Keys;

    protected override string[] Options => [];

    [Test]
    public void A_merge_that_replaces_another_ends_well([ValueSource(nameof(Names))] string call) =>
        TryCall(call, Certain.Contains(call), few: FaultyCalls.Errors[call].Length == 1 ? 2 : 3);

    [Test]
    public void A_merge_that_copies_what_it_reads_ends_well() => TryCall("pread", isCertain: true, few: 3, "--io", "pread");

    /// <summary>After a failed flush the data can be read from the system's cache, and may not be on the disk.</summary>
    [Test]
    public void What_a_failed_flush_may_have_lost_is_made_again()
    {
        string[] command = Merge("flushed");
        Calls.Run("fsync", "safetensors", 1, FaultyCalls.InputOutput, 1, command).ExpectError(ErrorCode.WriteFailed, ".safetensors");
        Assert.That(Directory.Exists(Family.PathOf("flushed")), Is.False, "nothing is published");
        int finished = Family.FinishedTensors("flushed");
        int resumed = Dem([.. command, "--resume", "--json"]).Expect(0).Json.GetProperty("resumed").GetInt32();
        Assert.That(resumed, Is.LessThan(finished).And.Positive, "the other shards are kept");
        Family.ExpectSame("flushed", "whole");
    }
}
