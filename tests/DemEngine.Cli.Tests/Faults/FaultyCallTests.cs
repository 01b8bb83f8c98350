using DemEngine.Files;
using Microsoft.Win32.SafeHandles;

namespace DemEngine.Cli.Tests.Faults;

/// <summary>
/// Whichever call of the system fails, a merge ends with a named error or with its output, and an old output is whole until the
/// new one is. Some numbers of each call are tried, or all where the environment variable DEM_ALL_FAULTS is set.
/// </summary>
[Platform(Include = "Linux")]
public sealed class FaultyCallTests
{
    private static readonly int[] Reads = [FaultyCalls.InputOutput, FaultyCalls.Interrupted, FaultyCalls.Short];
    private static readonly int[] Writes =
    [
        FaultyCalls.InputOutput, FaultyCalls.NoSpace, FaultyCalls.Quota, FaultyCalls.TooLarge, FaultyCalls.Interrupted, FaultyCalls.Short,
        FaultyCalls.Invalid,
    ];

    private static readonly int[] Flushes = [FaultyCalls.InputOutput, FaultyCalls.NoSpace, FaultyCalls.Interrupted];
    private static readonly int[] Any = [FaultyCalls.InputOutput];
    private static readonly int[] AnyOrInterrupted = [FaultyCalls.InputOutput, FaultyCalls.Interrupted];

    private static readonly Dictionary<string, int[]> Calls = new()
    {
        ["pread"] = Reads,
        ["pwrite"] = Writes,
        ["write"] = Writes,
        ["read"] = Reads,
        ["fsync"] = Flushes,
        ["fdatasync"] = Any,
        ["ftruncate"] = [FaultyCalls.InputOutput, FaultyCalls.TooLarge, FaultyCalls.Interrupted],
        ["fallocate"] = [FaultyCalls.NoSpace, FaultyCalls.Quota, FaultyCalls.TooLarge, FaultyCalls.InputOutput, FaultyCalls.Interrupted],
        ["posix_fallocate"] = [FaultyCalls.NoSpace],
        ["rename"] = [FaultyCalls.InputOutput, FaultyCalls.NoSpace, FaultyCalls.Quota],
        ["renameat2"] = Any,
        ["statfs"] = AnyOrInterrupted,
        ["fstatfs"] = AnyOrInterrupted,
        ["open"] =
        [
            FaultyCalls.InputOutput, FaultyCalls.TooManyFiles, FaultyCalls.TooManyInSystem, FaultyCalls.NoSpace, FaultyCalls.Quota,
            FaultyCalls.Interrupted,
        ],
        ["open_direct"] = [FaultyCalls.Invalid, FaultyCalls.TooManyFiles, FaultyCalls.InputOutput],
        ["mkdir"] = [FaultyCalls.InputOutput, FaultyCalls.NoSpace, FaultyCalls.Quota],
        ["mmap"] = [FaultyCalls.InputOutput, FaultyCalls.TooManyFiles, FaultyCalls.NoMemory],
        ["munmap"] = [FaultyCalls.NoMemory],
        ["madvise"] = [FaultyCalls.Invalid, FaultyCalls.BadAddress, FaultyCalls.InputOutput],
        ["mincore"] = [FaultyCalls.NoMemory],
        ["posix_fadvise"] = [FaultyCalls.Invalid],
        ["close"] = Any,
        ["fstat"] = Any,
        ["stat"] = Any,
        ["lstat"] = Any,
        ["statx"] = Any,
        ["flock"] = AnyOrInterrupted,
        ["unlink"] = Any,
        ["rmdir"] = Any,
        ["opendir"] = [FaultyCalls.InputOutput, FaultyCalls.TooManyFiles],
        ["readdir"] = Any,
        ["lseek"] = Any,
        ["readlink"] = Any,
        ["pthread_create"] = [FaultyCalls.TryAgain],
        ["aligned_alloc"] = [FaultyCalls.NoMemory],
    };

    private static readonly string[] Certain =
        ["pread", "pwrite", "fsync", "open", "close", "stat", "lstat", "fstat", "mkdir", "mmap", "munmap", "madvise", "flock", "unlink",
         "opendir", "readdir", "lseek", "pthread_create", "aligned_alloc"];

    private static readonly string[] PastCache =
        ["pread", "pwrite", "open", "open_direct", "fsync", "lseek", "pthread_create", "aligned_alloc"];

    // What is read and written beside them is as in any other merge, and what begins is begun as past the cache.
    private static readonly string[] Partly =
        ["pread", "pwrite", "open", "open_direct", "fsync", "mmap", "munmap", "madvise", "mincore", "fallocate"];

    // A quarter of it is less than the models have and the output gets, and more than the runtime needs.
    private const int LittleMemory = 16_000_000;

    private static readonly bool IsExhaustive = Environment.GetEnvironmentVariable("DEM_ALL_FAULTS") is { Length: > 0 };

    private FaultyCalls _calls = null!;
    private ModelFamily _tiny = null!;
    private ModelFamily _family = null!;

    private static IEnumerable<string> Names => Calls.Keys;

    private static IEnumerable<string> PastCacheNames => IsExhaustive ? Names : PastCache;

    private static IEnumerable<string> PartlyNames => IsExhaustive ? Names : Partly;

    [OneTimeSetUp]
    public void MakeFamily()
    {
        _calls = FaultyCalls.TryCompile()!;
        if (_calls is null)
            Assert.Ignore("there is no C compiler");
        _family = _tiny = new ModelFamily("tiny", 2);
        Dem(Merge("whole")).Expect(0);
        Dem([.. Merge("old"), "--no-card"]).Expect(0);
    }

    [OneTimeTearDown]
    public void DeleteFamily()
    {
        _family?.Dispose();
        _calls?.Dispose();
    }

    [Test]
    public void Of_a_merge_that_replaces_another([ValueSource(nameof(Names))] string call)
    {
        int tried = 0;
        string[] command = [.. Merge("out"), "--overwrite", .. (string[])(call == "pread" ? ["--io", "pread"] : [])];
        foreach (int at in Numbers(CountOf(call, command)))
        {
            foreach (int error in IsExhaustive ? Calls[call] : [Calls[call][tried % Calls[call].Length]])
                Try(call, at, error, times: 1, command);
            tried++;
        }

        if (IsExhaustive && tried > 0)
            Try(call, 1, Calls[call][0], int.MaxValue, command);
        if (Certain.Contains(call))
            Assert.That(tried, Is.Positive, "a merge makes this call, under a name that is not counted");
        TestContext.Out.WriteLine($"{call}: {tried} moments");
    }

    [Test]
    public void Of_a_merge_past_the_page_cache([ValueSource(nameof(PastCacheNames))] string call) => TryErrors(
        call, PastCache, memory: null, [.. Merge("out"), "--overwrite", "--io", "direct"]);

    [Test]
    public void Of_a_merge_partly_past_the_page_cache([ValueSource(nameof(PartlyNames))] string call)
    {
        using var large = new ModelFamily(_family.Write("large.json", """
            {"hidden_size": 256, "intermediate_size": 512, "num_hidden_layers": 1, "num_attention_heads": 4, "vocab_size": 3500}
            """), 2);
        Dem(Merge("whole", large)).Expect(0);
        Dem([.. Merge("old", large), "--no-card"]).Expect(0);
        ModelFamily small = _family;
        _family = large;
        try
        {
            TryErrors(call, Partly, LittleMemory, [.. Merge("out"), "--overwrite"]);
        }
        finally
        {
            _family = small;
        }
    }

    /// <summary>After a failed flush the data can be read from the system's cache, and may not be on the disk.</summary>
    [Test]
    public void What_a_failed_flush_may_have_lost_is_made_again()
    {
        string[] command = Merge("flushed");
        _calls.Run("fsync", "safetensors", 1, FaultyCalls.InputOutput, 1, command).ExpectError(ErrorCode.WriteFailed, ".safetensors");
        Assert.That(Directory.Exists(_family.PathOf("flushed")), Is.False, "nothing is published");
        int finished = _family.FinishedTensors("flushed");
        int resumed = Dem([.. command, "--resume", "--json"]).Expect(0).Json.GetProperty("resumed").GetInt32();
        Assert.That(resumed, Is.LessThan(finished).And.Positive, "the other shards are kept");
        _family.ExpectSame("flushed", "whole");
    }

    private static IEnumerable<int> Numbers(int count) =>
        count == 0 ? [] : IsExhaustive ? Enumerable.Range(1, count) : new[] { 1, (count + 1) / 2, count }.Distinct();

    private void TryErrors(string call, string[] certain, int? memory, string[] command)
    {
        int count = CountOf(call, command, memory);
        if (certain.Contains(call))
            Assert.That(count, Is.Positive, "the merge makes this call, under a name that is not counted");
        foreach (int at in Numbers(count))
        {
            foreach (int error in Calls[call])
                Try(call, at, error, times: 1, command, memory);
        }

        TestContext.Out.WriteLine($"{call}: {count} moments");
    }

    private int CountOf(string call, string[] command, int? memory = null)
    {
        PutOld();
        _calls.Run(call, _family.Folder, 0, 0, 0, memory, command).Expect(0);
        return _calls.Count;
    }

    private void Try(string call, int at, int error, int times, string[] command, int? memory = null)
    {
        string what = $"{call} {at}, error {error}";
        PutOld();
        CommandResult result = _calls.Run(call, _family.Folder, at, error, times, memory, command);
        Assert.That(result.ExitCode, Is.AnyOf(0, 1, 2), () => $"{what}: {result.Error}");
        if (result.ExitCode == 0)
        {
            _family.ExpectSame("out", "whole");
        }
        else
        {
            Assert.That(result.Error, Does.Match("error DEM\\d{4}: ").And.Not.Contain("DEM4999"), what);
            Assert.That(error, Is.Not.AnyOf(FaultyCalls.Interrupted, FaultyCalls.Short), () => $"{what} is no error: {result.Error}");
            bool isNew = File.Exists(Path.Combine(_family.PathOf("out"), "README.md"));
            _family.ExpectSame("out", isNew ? "whole" : "old");
        }

        Tests.Dem.Run("verify", _family.PathOf("out")).Expect(0);
        if (!Directory.Exists(_family.Staging("out")))
            return;
        Dem([.. command, "--resume"]).Expect(0);
        _family.ExpectSame("out", "whole");
    }

    private void PutOld()
    {
        foreach (string folder in new[] { _family.PathOf("out"), _family.Staging("out"), $"{_family.Staging("out")}.old" })
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }

        Directory.CreateDirectory(_family.PathOf("out"));
        foreach (string file in Directory.GetFiles(_family.PathOf("old")))
            File.Copy(file, Path.Combine(_family.PathOf("out"), Path.GetFileName(file)));

        // What is in the page cache is read there.
        foreach (string model in Directory.GetFiles(_family.Folder, "model*.safetensors", SearchOption.AllDirectories))
        {
            using SafeFileHandle file = File.OpenHandle(model);
            LinuxFile.DropFromCache(file);
        }
    }

    // Another program writes and asks for another version.
    private static CommandResult Dem(params string[] args) =>
        DemProcess.IsOfThisBuild ? Tests.Dem.Run(args) : DemProcess.Run(args);

    private string[] Merge(string output, ModelFamily? family = null) =>
    [
        "merge", (family ?? _family).Recipe, "--out", (family ?? _family).PathOf(output),
        "--max-shard-size", (family ?? _family) == _tiny ? "60KB" : "3MB", "--threads", "1",
    ];
}
