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
        string plan = MakePartsOf(output);
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

    /// <summary>The output is complete before the parts are deleted, and they are not taken for unfinished ones afterwards.</summary>
    [TestCase(1)]
    [TestCase(4)]
    public void A_join_that_could_not_delete_the_parts_goes_on(int at)
    {
        string output = $"not deleted {at}";
        string plan = MakePartsOf(output);
        _calls.Run("unlink", ".dem-parts-discarded", at, FaultyCalls.InputOutput, 1, "join", plan).ExpectError(ErrorCode.WriteFailed, "dem-parts");
        _family.ExpectSame(output, "whole");
        Dem.Run("join", plan, "-q").Expect(0);
        Assert.That(Directory.GetDirectories(_family.Folder, $".{output}.*"), Is.Empty);
    }

    [Test]
    public void A_lock_that_cannot_be_opened_is_not_said_to_be_anothers()
    {
        string plan = MakePartsOf("locked");
        _calls.Run("open", "dem-part-lock", 1, FaultyCalls.TooManyFiles, 1, "join", plan).ExpectError(ErrorCode.TooManyOpenFiles, "dem-parts");
        Dem.Run("join", plan, "-q").Expect(0);
        _family.ExpectSame("locked", "whole");
    }

    [Test]
    public void A_part_that_cannot_be_looked_at_is_not_made_again()
    {
        string plan = MakePartsOf("looked at");
        CommandResult result = _calls.Run("lstat", "part-00000/model", 1, FaultyCalls.InputOutput, int.MaxValue, "join", plan);
        Assert.That(_calls.Count, Is.Positive, "the call is made");
        Assert.That(result.Error, Does.Match("error DEM\\d{4}: ").And.Not.Contain("DEM4999").And.Not.Contain("DEM4030"));
        Dem.Run("join", plan, "-q").Expect(0);
        _family.ExpectSame("looked at", "whole");
    }

    private string MakePartsOf(string output)
    {
        string plan = _family.PathOf($"{output}.plan");
        Dem.Run("plan", _family.Recipe, _family.PathOf(output), "--parts", $"{Parts}", "--out", plan, "--max-shard-size", "300KB", "-q").Expect(0);
        for (int part = 0; part < Parts; part++)
            Dem.Run("merge", plan, "--part", $"{part}", "-q").Expect(0);
        return plan;
    }
}
