using DemEngine.Numerics;
using DemEngine.Tests;
using DemEngine.Tests.Merging;

namespace DemEngine.Cli.Tests.Faults;

/// <summary>
/// Whichever call of the system fails in the other commands that write models, they end with a named error and leave what was
/// there, or with their output, leave nothing that is of no use, and succeed when they are run again. Some numbers of some calls
/// are tried, or all where the environment variable DEM_ALL_FAULTS is set.
/// </summary>
[Platform(Include = "Linux")]
[Parallelizable(ParallelScope.Self)]
public sealed class FaultyCommandTests
{
    private static readonly Dictionary<string, int> Few = new()
    {
        ["pread"] = 1,
        ["pwrite"] = 1,
        ["fsync"] = 2,
        ["open"] = 1,
        ["rename"] = 2,
        ["mkdir"] = 2,
        ["unlink"] = 1,
        ["stat"] = 1,
    };

    // They differ from a merge in what they read alone.
    private static readonly string[] LikeMerges = ["extract", "convert"];
    private static readonly string[] OfLikeMerges = ["pread", "fsync"];

    private static readonly string[] Names =
        ["extract", "extract lora", "lora", "adapted", "moe", "convert", "single file", "sparse", "resumed"];

    private FaultyCalls _calls = null!;
    private ModelFamily _family = null!;
    private Dictionary<string, FaultyCommand> _commands = null!;

    private static IEnumerable<string[]> Cases =>
        from name in Names
        from call in FaultyCalls.AreAllTried ? FaultyCalls.Errors.Keys : LikeMerges.Contains(name) ? OfLikeMerges : Few.Keys
        select new[] { name, call };

    [OneTimeSetUp]
    public void MakeFamily()
    {
        _calls = FaultyCalls.TryCompile()!;
        if (_calls is null)
            Assert.Ignore("there is no C compiler");
        _family = new ModelFamily("tiny", 2);
        string tuned = _family.PathOf("tuned 1");
        string[] extract = ["extract", "--base", _family.PathOf("base"), "--tuned", tuned];
        Dem.Run([.. extract, "--lora", "--rank", "4", "--out", _family.PathOf("adapter")]).Expect(0);
        string adapted = _family.Write("adapted.yaml", """
            merge_method: task_arithmetic
            base_model: base
            models: [{model: base, lora: adapter, parameters: {weight: 0.5}}, {model: tuned 2, parameters: {weight: 0.5}}]
            """);
        string mixture = _family.Write("moe.yaml", """
            base_model: base
            gate_mode: random
            experts: [{source_model: base}, {source_model: tuned 1}]
            """);
        TestCheckpoint.Write(
            _family.PathOf("factors"),
            [
                Values.Random("lora_unet_x.lora_down.weight", ElementType.F32, [2, 8], 1, 0.1),
                Values.Random("lora_unet_x.lora_up.weight", ElementType.F32, [6, 2], 2, 0.1),
            ]);
        string factors = _family.PathOf("factors/model.safetensors");
        string[] merge = ["merge", _family.Recipe];
        string[] shards = ["--max-shard-size", "300KB"];
        _commands = new Dictionary<string, FaultyCommand>
        {
            ["extract"] = new([.. extract, .. shards, "--dtype", "bf16"], [.. extract, "--dtype", "f16"]),
            ["extract lora"] = new([.. extract, "--lora", "--rank", "2"], [.. extract, "--lora", "--rank", "3"]) { Resumes = false },
            ["lora"] = new(["lora", $"{factors}=0.5"], ["lora", factors]) { Output = "out.safetensors", Resumes = false },
            ["adapted"] = new(["merge", adapted, .. shards]),
            ["moe"] = new(["moe", mixture, .. shards], ["moe", mixture, "--no-card"]),
            ["convert"] = new(["convert", tuned, "--dtype", "f16", .. shards]),
            ["single file"] = new([.. merge, "--single-file"]) { Output = "out.safetensors", Resumes = false },
            ["sparse"] = new(["synth", "--shape", "tiny", "--sparse"], ["synth", "--shape", "tiny", "--seed", "3"]),
            ["resumed"] = new([.. merge, .. shards]) { IsStopped = true },
        };
        foreach (var (name, command) in _commands)
            command.Prepare(_calls, _family, name);
    }

    [OneTimeTearDown]
    public void DeleteFamily()
    {
        _family?.Dispose();
        _calls?.Dispose();
    }

    [TestCaseSource(nameof(Cases))]
    public void A_command_ends_well(string name, string call)
    {
        FaultyCommand command = _commands[name];
        foreach (var (at, error) in FaultyCalls.Tries(call, command.Counts.GetValueOrDefault(call), Few.GetValueOrDefault(call)))
            command.Try(call, at, error);
    }

    [TestCase("merge", "out")]
    [TestCase("merge", "out.safetensors", "--single-file")]
    [TestCase("sweep", "", "--set", "lambda=1")]
    public void Folders_that_are_made_for_an_output_are_on_disk_too(string command, string name, params string[] options)
    {
        string made = _family.PathOf($"made {command} {name}");
        string[] words = [command, _family.Recipe, .. options, "--threads", "1", "--out"];
        for (int at = 1; at <= 2; at++)
        {
            CommandResult result = _calls.Run("fsync", _family.Folder, at, FaultyCalls.InputOutput, 1, [.. words, Path.Combine(made, "new", name)]);
            result.ExpectError(ErrorCode.WriteFailed);
            Assert.That(Directory.Exists(made), Is.False, "what may not be on disk is made again");
        }

        Dem.Run([.. words, Path.Combine(made, "new", name)]).Expect(0);
    }
}
