namespace DemEngine.Cli.Tests.Faults;

/// <summary>What the system does not say is named as that, and not taken for an absence or a change.</summary>
[Platform(Include = "Linux")]
[Parallelizable(ParallelScope.Self)]
public sealed class NamedFaultTests
{
    private FaultyCalls _calls = null!;
    private ModelFamily _family = null!;

    [OneTimeSetUp]
    public void MakeFamily()
    {
        _calls = FaultyCalls.TryCompile()!;
        if (_calls is null)
            Assert.Ignore("there is no C compiler");
        _family = new ModelFamily("tiny", 1);
    }

    [OneTimeTearDown]
    public void DeleteFamily()
    {
        _family?.Dispose();
        _calls?.Dispose();
    }

    /// <summary>Each of these files changes what the weights are, or where they are.</summary>
    [TestCase("tuned 1/quantize_config.json")]
    [TestCase("tuned 1/model.safetensors.index.json")]
    public void A_file_that_may_be_there_is_not_passed_over(string file)
    {
        CommandResult result = _calls.Run("lstat", file, 1, FaultyCalls.InputOutput, int.MaxValue, Merge("out"));
        result.ExpectError(ErrorCode.UnreadableFile, file);
    }

    [Test]
    public void A_model_that_cannot_be_looked_at_is_not_said_to_be_missing()
    {
        string link = _family.PathOf("far away");
        string[] command = ["inspect", link];
        _calls.Run("lstat", link, 1, FaultyCalls.InputOutput, int.MaxValue, command).ExpectError(ErrorCode.UnreadableFile, link);
        Dem.Run(command).ExpectError(ErrorCode.CheckpointNotFound, link);
    }

    [Test]
    public void A_file_that_cannot_be_opened_again_was_not_changed()
    {
        string model = Path.Combine(_family.PathOf("tuned 1"), "model.safetensors");
        int last = _calls.CountAll(model, memory: null, Merge("counted"))["open"];
        CommandResult result = _calls.Run("open", model, last, FaultyCalls.TooManyFiles, 1, Merge("out"));
        result.ExpectError(ErrorCode.TooManyOpenFiles, model);
    }

    [Test]
    public void A_file_of_this_tool_that_cannot_be_read_is_not_said_to_be_anothers()
    {
        string[] command = [.. Merge("one.safetensors"), "--single-file"];
        Dem.Run(command).Expect(0);
        CommandResult result = _calls.Run("open", "one.safetensors", 1, FaultyCalls.InputOutput, 1, [.. command, "--overwrite"]);
        result.ExpectError(ErrorCode.UnreadableFile, "one.safetensors");
    }

    [TestCase("taken", "dem-manifest.json")]
    [TestCase("taken.safetensors", "")]
    public void A_merge_that_cannot_be_put_back_keeps_what_was_there(string output, string file)
    {
        string[] merge = output == "taken" ? Merge(output) : [.. Merge(output), "--single-file"];
        string[] other = [.. merge];
        other[1] = _family.Write("other.yaml", "merge_method: linear\nmodels: [{model: base, parameters: {weight: 0.5}}]");
        ExpectKept(output, file, merge, other);
    }

    [Test]
    public void An_adapter_that_cannot_be_put_back_keeps_what_was_there()
    {
        string[] extract =
            ["extract", "--base", _family.PathOf("base"), "--tuned", _family.PathOf("tuned 1"), "--lora", "--out", _family.PathOf("adapter")];
        ExpectKept("adapter", "adapter_model.safetensors", [.. extract, "--rank", "2"], [.. extract, "--rank", "3"]);
    }

    /// <summary>A new output whose name is not on the disk, and the old one cannot have it again: it is kept, and named.</summary>
    private void ExpectKept(string output, string file, string[] first, string[] second)
    {
        Dem.Run(first).Expect(0);
        byte[] before = File.ReadAllBytes(Path.Combine(_family.PathOf(output), file));
        string[] replace = [.. second, "--overwrite"];
        int last = _calls.CountAll(_family.PathOf(""), memory: null, replace)["fsync"];
        Dem.Run([.. first, "--overwrite"]).Expect(0);

        CommandResult result = _calls.RunThen("fsync", _family.PathOf(""), last, "renameat2", replace);
        result.ExpectError(ErrorCode.WriteFailed, "what was there before is whole");
        string kept = Directory.EnumerateFileSystemEntries(_family.PathOf(""), $"*{output}*")
            .Single(path => Path.GetFileName(path) != output);
        Assert.That(result.Error, Does.Contain(Path.GetFileName(kept)));
        Assert.That(File.ReadAllBytes(Path.Combine(kept, file)), Is.EqualTo(before));
    }

    private string[] Merge(string output) => ["merge", _family.Recipe, "--out", _family.PathOf(output), "--threads", "1"];
}
