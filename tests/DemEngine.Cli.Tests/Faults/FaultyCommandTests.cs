namespace DemEngine.Cli.Tests.Faults;

/// <summary>
/// Whichever call of the system fails in the other commands that write models, they end with a named error or with their output,
/// leave nothing that is of no use, and succeed when they are run again.
/// </summary>
[Platform(Include = "Linux")]
public sealed class FaultyCommandTests
{
    private static readonly Dictionary<string, int[]> Calls = new()
    {
        ["pread"] = [FaultyCalls.InputOutput, FaultyCalls.Short],
        ["pwrite"] = [FaultyCalls.NoSpace, FaultyCalls.Interrupted],
        ["fsync"] = [FaultyCalls.InputOutput],
        ["open"] = [FaultyCalls.TooManyFiles, FaultyCalls.Quota],
        ["rename"] = [FaultyCalls.InputOutput],
    };

    private FaultyCalls _calls = null!;
    private ModelFamily _family = null!;
    private Dictionary<string, string[]> _commands = null!;

    private static IEnumerable<string> Names => Calls.Keys;

    [OneTimeSetUp]
    public void MakeFamily()
    {
        _calls = FaultyCalls.TryCompile()!;
        if (_calls is null)
            Assert.Ignore("there is no C compiler");
        _family = new ModelFamily("tiny", 2);
        string tuned = _family.PathOf("tuned 1");
        string[] extract = ["extract", "--lora", "--base", _family.PathOf("base"), "--tuned", tuned, "--threads", "1", "--rank"];
        DemProcess.Run([.. extract, "4", "--out", _family.PathOf("adapter")]).Expect(0);
        string adapted = _family.Write("adapted.yaml", """
            merge_method: task_arithmetic
            base_model: base
            models: [{model: base, lora: adapter, parameters: {weight: 0.5}}, {model: tuned 2, parameters: {weight: 0.5}}]
            """);
        _commands = new()
        {
            ["extract"] = [.. extract, "2"],
            ["adapted"] = ["merge", adapted, "--max-shard-size", "300KB", "--threads", "1"],
            ["convert"] = ["convert", tuned, "--dtype", "f16", "--max-shard-size", "300KB", "--threads", "1"],
            ["resumed"] = ["merge", _family.Recipe, "--max-shard-size", "300KB", "--threads", "1"],
        };
        foreach (var (name, command) in _commands)
            DemProcess.Run([.. command, "--out", _family.PathOf($"{name} whole")]).Expect(0);
    }

    [OneTimeTearDown]
    public void DeleteFamily()
    {
        _family?.Dispose();
        _calls?.Dispose();
    }

    [Test]
    public void A_command_ends_well(
        [Values("extract", "adapted", "convert", "resumed")] string name, [ValueSource(nameof(Names))] string call)
    {
        string[] command = [.. _commands[name], "--out", _family.PathOf("out")];
        int count = Run(name, command, call, 0, 0).Calls;
        int tried = 0;
        foreach (int at in new[] { (count + 1) / 2, count }.Distinct().Where(at => at > 0))
            Try(name, command, call, at, Calls[call][tried++ % Calls[call].Length]);
        Assert.That(count, Is.Positive, "the call is counted");
    }

    private void Try(string name, string[] command, string call, int at, int error)
    {
        string what = $"{name}, {call} {at}, error {error}";
        string[] before = [.. Directory.GetFileSystemEntries(_family.Folder).Append(_family.PathOf("out")).Distinct()];
        CommandResult result = Run(name, command, call, at, error).Result;
        string staging = _family.Staging("out");
        Assert.That(Directory.GetFileSystemEntries(_family.Folder), Is.SubsetOf(before.Append(staging)), $"{what}: what is left");
        if (result.ExitCode == 0)
        {
            _family.ExpectSame("out", $"{name} whole");
            return;
        }

        Assert.That(result.ExitCode, Is.AnyOf(1, 2), () => $"{what}: {result.Error}");
        Assert.That(result.Error, Does.Match("error DEM\\d{4}: ").And.Not.Contain("DEM4999"), what);
        Assert.That(error, Is.Not.AnyOf(FaultyCalls.Interrupted, FaultyCalls.Short), () => $"{what} is no error: {result.Error}");
        if (Directory.Exists(_family.PathOf("out")) && Directory.GetFiles(_family.PathOf("out")).Length > 0)
            _family.ExpectSame("out", name == "extract" ? "adapter" : $"{name} whole");
        string[] again = name == "extract" ? ["--overwrite"] : Directory.Exists(staging) ? ["--resume"] : [];
        if (!Directory.Exists(_family.PathOf("out")) || again is ["--overwrite"])
            DemProcess.Run([.. command, .. again]).Expect(0);
        _family.ExpectSame("out", $"{name} whole");
    }

    /// <summary>Runs a command over an old adapter, over nothing, or over a merge that was stopped before.</summary>
    private (CommandResult Result, int Calls) Run(string name, string[] command, string call, int at, int error)
    {
        foreach (string folder in new[] { _family.PathOf("out"), _family.Staging("out") })
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }

        if (name == "resumed")
        {
            _calls.Run("pwrite", _family.Folder, 40, FaultyCalls.InputOutput, int.MaxValue, command).ExpectError(ErrorCode.WriteFailed, "");
            command = [.. command, "--resume"];
        }
        else if (name == "extract")
        {
            Directory.CreateDirectory(_family.PathOf("out"));
            foreach (string file in Directory.GetFiles(_family.PathOf("adapter")))
                File.Copy(file, Path.Combine(_family.PathOf("out"), Path.GetFileName(file)));
            command = [.. command, "--overwrite"];
        }

        CommandResult result = _calls.Run(call, _family.Folder, at, error, 1, command);
        return (result, _calls.Count);
    }
}
