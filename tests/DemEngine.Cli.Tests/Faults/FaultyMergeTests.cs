using DemEngine.Files;
using Microsoft.Win32.SafeHandles;

namespace DemEngine.Cli.Tests.Faults;

/// <summary>
/// Whichever call of the system fails, a merge ends with a named error or with its output, and an old output is whole until the
/// new one is. Some numbers of each call are tried, or all where the environment variable DEM_ALL_FAULTS is set.
/// </summary>
public abstract class FaultyMergeTests
{
    private IReadOnlyDictionary<string, int> _counts = null!;
    private string[] _command = null!;

    [OneTimeSetUp]
    public void MakeFamily()
    {
        Calls = FaultyCalls.TryCompile()!;
        if (Calls is null)
            Assert.Ignore("there is no C compiler");
        Family = NewFamily();
        Dem(Merge("whole")).Expect(0);
        Dem([.. Merge("old"), "--no-card"]).Expect(0);
        _command = [.. Merge("out"), "--overwrite", .. Options];
        _counts = Count(_command);
    }

    [OneTimeTearDown]
    public void DeleteFamily()
    {
        Family?.Dispose();
        Calls?.Dispose();
    }

    /// <summary>The names of the calls; those that are looked at only where all are.</summary>
    protected static IEnumerable<string> NamesOr(params string[] some) => FaultyCalls.AreAllTried ? FaultyCalls.Errors.Keys : some;

    private protected FaultyCalls Calls { get; private set; } = null!;

    private protected ModelFamily Family { get; private set; } = null!;

    /// <summary>What the merges are told beside the recipe and the output.</summary>
    protected abstract string[] Options { get; }

    /// <summary>The largest shard.</summary>
    protected virtual string MaxShardSize => "60KB";

    /// <summary>What the runtime takes for the machine's memory, in bytes; null for what there is.</summary>
    protected virtual int? Memory => null;

    private protected virtual ModelFamily NewFamily() => new("tiny", 2);

    /// <summary>Lets a call fail at some of its numbers, and looks at what the merge leaves.</summary>
    /// <param name="call">Name of the call.</param>
    /// <param name="isCertain">Whether every such merge makes the call.</param>
    /// <param name="few">How many runs are enough.</param>
    /// <param name="more">What the merge is told besides.</param>
    protected void TryCall(string call, bool isCertain, int few, params string[] more)
    {
        string[] command = [.. _command, .. more];
        int count = (more.Length == 0 ? _counts : Count(command)).GetValueOrDefault(call);
        if (isCertain)
            Assert.That(count, Is.Positive, "the merge makes this call, under a name that is not counted");
        int tried = 0;
        foreach (var (at, error) in FaultyCalls.Tries(call, count, few))
        {
            Try(call, at, error, times: 1, command);
            tried++;
        }

        if (FaultyCalls.AreAllTried && count > 0)
            Try(call, 1, FaultyCalls.Errors[call][0], int.MaxValue, command);
        TestContext.Out.WriteLine($"{call}: {tried} of {count} moments");
    }

    private protected string[] Merge(string output) =>
        ["merge", Family.Recipe, "--out", Family.PathOf(output), "--max-shard-size", MaxShardSize, "--threads", "1"];

    // Another program writes and asks for another version.
    private protected static CommandResult Dem(params string[] args) =>
        DemProcess.IsOfThisBuild ? Tests.Dem.Run(args) : DemProcess.Run(args);

    private void Try(string call, int at, int error, int times, string[] command)
    {
        string what = $"{call} {at}, error {error}";
        PutOld();
        CommandResult result = Calls.Run(call, Family.Folder, at, error, times, Memory, command);
        Assert.That(result.ExitCode, Is.AnyOf(0, 1, 2), () => $"{what}: {result.Error}");
        if (result.ExitCode == 0)
        {
            Assert.That(call == "fsync" && error != FaultyCalls.Interrupted && Calls.Count >= at, Is.False, $"{what} is passed over");
            Family.ExpectSame("out", "whole");
        }
        else
        {
            Assert.That(result.Error, Does.Match("error DEM\\d{4}: ").And.Not.Contain("DEM4999"), what);
            Assert.That(error, Is.Not.AnyOf(FaultyCalls.Interrupted, FaultyCalls.Short), () => $"{what} is no error: {result.Error}");
            bool isNew = File.Exists(Path.Combine(Family.PathOf("out"), "README.md"));
            Family.ExpectSame("out", isNew ? "whole" : "old");
        }

        Tests.Dem.Run("verify", Family.PathOf("out")).Expect(0);
        if (!Directory.Exists(Family.Staging("out")))
            return;
        Dem([.. command, "--resume"]).Expect(0);
        Family.ExpectSame("out", "whole");
    }

    private IReadOnlyDictionary<string, int> Count(string[] command)
    {
        PutOld();
        return Calls.CountAll(Family.Folder, Memory, command);
    }

    private void PutOld()
    {
        foreach (string folder in new[] { Family.PathOf("out"), Family.Staging("out"), $"{Family.Staging("out")}.old" })
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }

        Directory.CreateDirectory(Family.PathOf("out"));
        foreach (string file in Directory.GetFiles(Family.PathOf("old")))
            File.Copy(file, Path.Combine(Family.PathOf("out"), Path.GetFileName(file)));

        // What is in the page cache is read there.
        foreach (string model in Directory.GetFiles(Family.Folder, "model*.safetensors", SearchOption.AllDirectories))
        {
            using SafeFileHandle file = File.OpenHandle(model);
            LinuxFile.DropFromCache(file);
        }
    }
}
