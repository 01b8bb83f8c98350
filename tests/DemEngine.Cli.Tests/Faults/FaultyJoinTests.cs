namespace DemEngine.Cli.Tests.Faults;

/// <summary>Whichever call of the system fails while parts are joined, the join ends with a named error, and can be run again.</summary>
[Platform(Include = "Linux")]
[Parallelizable(ParallelScope.Self)]
public sealed class FaultyJoinTests
{
    private const int Parts = 2;

    private FaultyCalls _calls = null!;
    private ModelFamily _family = null!;

    [OneTimeSetUp]
    public void MakeParts()
    {
        _calls = FaultyCalls.TryCompile()!;
        if (_calls is null)
            Assert.Ignore("there is no C compiler");
        _family = new ModelFamily("tiny", 2);
        Dem.Run("merge", _family.Recipe, "--out", _family.PathOf("whole"), "--max-shard-size", "300KB").Expect(0);
    }

    [OneTimeTearDown]
    public void DeleteFamily()
    {
        _family?.Dispose();
        _calls?.Dispose();
    }

    [TestCase("copy_file_range", FaultyCalls.OtherFileSystem, int.MaxValue, true)]
    [TestCase("copy_file_range", FaultyCalls.Interrupted, 1, true)]
    [TestCase("copy_file_range", FaultyCalls.NoSpace, 1, false)]
    [TestCase("pwrite", FaultyCalls.InputOutput, 1, false)]
    [TestCase("fsync", FaultyCalls.InputOutput, 1, false)]
    [TestCase("ftruncate", FaultyCalls.TooLarge, 1, false)]
    [TestCase("rename", FaultyCalls.InputOutput, 1, false)]
    [TestCase("pread", FaultyCalls.InputOutput, 1, false)]
    public void A_join_goes_on_after(string call, int error, int times, bool isHarmless)
    {
        string output = $"{call} {error}";
        string plan = _family.PathOf($"{output}.plan");
        Dem.Run("plan", _family.Recipe, _family.PathOf(output), "--parts", $"{Parts}", "--out", plan, "--max-shard-size", "300KB", "-q").Expect(0);
        for (int part = 0; part < Parts; part++)
            Dem.Run("merge", plan, "--part", $"{part}", "-q").Expect(0);

        CommandResult result = _calls.Run(call, $"{output}.dem-unfinished", 1, error, times, "join", plan, "--threads", "1");
        Assert.That(_calls.Count, Is.Positive, "the call is made");
        Assert.That(result.ExitCode, isHarmless ? Is.Zero : Is.EqualTo(1), result.Error);
        if (!isHarmless)
        {
            Assert.That(result.Error, Does.Match("error DEM4\\d{3}: ").And.Not.Contain("DEM4999"));
            Assert.That(Directory.Exists(_family.PathOf(output)), Is.False);
            Dem.Run("join", plan, "-q").Expect(0);
        }

        _family.ExpectSame(output, "whole");
    }
}
