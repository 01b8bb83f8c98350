using System.Diagnostics;
using System.Text.Json;
using DemEngine.Cli.Options;

namespace DemEngine.Cli.Tests;

/// <summary>What scripts and schedulers need.</summary>
public sealed class ScheduledRunTests
{
    private ModelFamily _family = null!;

    [OneTimeSetUp]
    public void MakeFamily()
    {
        _family = new ModelFamily("tiny", sources: 2);
        Dem.Run("merge", _family.Recipe, "--out", _family.PathOf("whole")).Expect(0);
    }

    [OneTimeTearDown]
    public void DeleteFamily() => _family.Dispose();

    [Test]
    public void Resume_auto_starts_goes_on_and_is_content()
    {
        string output = _family.PathOf("auto");
        string[] merge = ["merge", _family.Recipe, "--out", output, "--resume=auto", "--json"];
        Directory.CreateDirectory(_family.Staging("auto"));
        Dem.Run("merge", _family.Recipe, "--out", output).ExpectError(ErrorCode.UnfinishedRun);
        Assert.That(Dem.Run(merge).Expect(0).Json.GetProperty("resumed").GetInt32(), Is.Zero, "what was left had nothing in it");
        _family.ExpectSame("auto", "whole");

        JsonElement again = Dem.Run(merge).Expect(0).Json;
        Assert.That(again.GetProperty("resumed").GetInt32(), Is.EqualTo(again.GetProperty("tensors").GetInt32()));
        Assert.That(again.GetProperty("bytes_written").GetInt64(), Is.Zero);
        Assert.That(Dem.Run(merge[..^1]).Expect(0).Output, Does.Contain("all from the earlier run: nothing was left to do").And.Not.Contain("0 B"));

        string other = _family.Write("other.yaml", File.ReadAllText(_family.Recipe).Replace("merge_method: dem", "merge_method: ties", StringComparison.Ordinal));
        Dem.Run("merge", other, "--out", output, "--resume=auto").ExpectError(ErrorCode.OutputExists);
    }

    [Test]
    public void Resume_auto_of_a_vector_heeds_its_type()
    {
        string[] extract = ["extract", "--base", _family.PathOf("base"), "--tuned", _family.PathOf("tuned 1"), "--out", _family.PathOf("vector"), "--resume=auto"];
        Dem.Run(extract).Expect(0);
        Dem.Run(extract).Expect(0);
        Dem.Run([.. extract, "--dtype", "bf16"]).ExpectError(ErrorCode.OutputExists);
    }

    [Test]
    public void An_empty_folder_may_be_there()
    {
        Directory.CreateDirectory(_family.PathOf("empty"));
        Dem.Run("merge", _family.Recipe, "--out", _family.PathOf("empty")).Expect(0);
        _family.ExpectSame("empty", "whole");
        Directory.CreateDirectory(_family.PathOf("not empty"));
        _family.Write("not empty/thesis.tex", "ten years");
        Dem.Run("merge", _family.Recipe, "--out", _family.PathOf("not empty")).ExpectError(ErrorCode.OutputExists);
    }

    [Test]
    public void Who_goes_on_with_a_run_that_has_ended_hears_that_it_has()
    {
        string output = _family.PathOf("ended");
        string[] merge = ["merge", _family.Recipe, "--out", output];
        Dem.Run([.. merge, "--resume"]).ExpectError(ErrorCode.NothingToResume);
        Dem.Run(merge).Expect(0);
        CommandResult again = Dem.Run([.. merge, "--resume"]).ExpectError(ErrorCode.AlreadyFinished, "it is finished");
        Assert.That(again.Error, Does.Contain("--resume=auto").And.Contain("--overwrite"));
        Dem.Run([.. merge, "--resume", "--dry-run"]).ExpectError(ErrorCode.AlreadyFinished);
        Dem.Run([.. merge, "--resume=auto"]).Expect(0);
        Dem.Run([.. merge, "--restart"]).ExpectError(ErrorCode.OutputExists);
        Dem.Run([.. merge, "--overwrite"]).Expect(0);

        Dem.Run("convert", _family.PathOf("base"), _family.PathOf("converted")).Expect(0);
        Dem.Run("convert", _family.PathOf("base"), _family.PathOf("converted"), "--resume").ExpectError(ErrorCode.AlreadyFinished);
        Directory.CreateDirectory(_family.PathOf("foreign"));
        File.WriteAllText(_family.PathOf("foreign/notes.txt"), "mine");
        Dem.Run("convert", _family.PathOf("base"), _family.PathOf("foreign"), "--resume").ExpectError(ErrorCode.OutputExists);
    }

    [Test]
    public void The_output_can_be_the_last_word()
    {
        Dem.Run("merge", _family.Recipe, _family.PathOf("last word")).Expect(0);
        _family.ExpectSame("last word", "whole");
    }

    [Test]
    public void Options_of_mergekit_mean_what_they_can()
    {
        string[] options = ["--lazy-unpickle", "--copy-tokenizer", "--allow-crimes", "--trust-remote-code", "--out-shard-size", "5B", "-j", "1", "--no-cuda"];
        CommandResult result = Dem.Run(["merge", _family.Recipe, _family.PathOf("as mergekit"), .. options]).Expect(0);
        Assert.That(result.ErrorLines, Has.Exactly(4).StartsWith("note: --"));
        _family.ExpectSame("as mergekit", "whole");
        Dem.Run(["merge", _family.Recipe, _family.PathOf("no card"), "--no-write-model-card", "--out-shard-size=200K", "-q"]).Expect(0);
        Assert.That(File.Exists(Path.Combine(_family.PathOf("no card"), "README.md")), Is.False);
        Assert.That(Directory.GetFiles(_family.PathOf("no card"), "*.safetensors"), Has.Length.GreaterThan(1));
        Dem.Run("merge", _family.Recipe, _family.PathOf("cuda"), "--cuda", "--gpu-rich", "--threads", "0").ExpectError(ErrorCode.BadArgument, "--threads");
    }

    [Test]
    public void A_recipe_comes_from_standard_input()
    {
        RunOnRecipe("merge", "-", "--out", "from input", "-q");
        Assert.That(Dem.Run("diff", _family.PathOf("from input"), _family.PathOf("whole"), "--exit-code").ExitCode, Is.Zero);
    }

    [Test]
    public void Every_command_that_takes_a_recipe_reads_standard_input()
    {
        RunOnRecipe("check", "-");
        RunOnRecipe("sweep", "-", "--set", "lambda=1", "--out", "swept from input", "-q");
        RunOnRecipe("search", "ask", "-", "--out", "asked from input");
        RunOnRecipe("plan", "-", "planned from input", "--parts", "2", "--out", "plan from input", "-q");
        Assert.That(File.Exists(Path.Combine(_family.PathOf("swept from input"), "sweep.json")));
    }

    private void RunOnRecipe(params string[] words)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            [Path.Combine(AppContext.BaseDirectory, "dem.dll"), .. words])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = _family.Folder,
        };
        using Process process = Process.Start(start)!;
        process.StandardInput.Write(File.ReadAllText(_family.Recipe));
        process.StandardInput.Close();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, () => output);
    }

    [Test]
    public void Diff_exits_as_diff_does_if_asked()
    {
        string[] differing = ["diff", _family.PathOf("base"), _family.PathOf("whole"), "-q"];
        Dem.Run(differing).Expect(0);
        Dem.Run([.. differing, "--exit-code"]).Expect(1);
        Dem.Run("diff", _family.PathOf("base"), _family.PathOf("base"), "-q", "--exit-code").Expect(0);
        Dem.Run("diff", _family.PathOf("base"), _family.PathOf("nowhere"), "-q", "--exit-code").Expect(2);
    }

    [Test]
    public void Progress_is_json_if_asked()
    {
        CommandResult result = Dem.Run("merge", _family.Recipe, "--out", _family.PathOf("progress"), "--progress", "json", "--json").Expect(0);
        JsonElement[] lines = [.. result.ErrorLines.Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.That(lines, Is.Not.Empty);
        Assert.That(lines[^1].GetProperty("bytes_done").GetInt64(), Is.EqualTo(lines[^1].GetProperty("bytes_total").GetInt64()));
        Assert.That(lines[^1].GetProperty("tensors_done").GetInt32(), Is.EqualTo(lines[^1].GetProperty("tensors_total").GetInt32()));
        Assert.That(lines[^1].GetProperty("shard").GetString(), Is.EqualTo("model.safetensors"));
    }

    [Test]
    public void What_passes_by_itself_exits_with_75()
    {
        Assert.That(ErrorCode.OutputBusy.ExitCode, Is.EqualTo(75));
        string output = _family.PathOf("busy");
        Directory.CreateDirectory(_family.Staging("busy"));
        using FileStream held = new(Path.Combine(_family.Staging("busy"), ".dem-lock"), FileMode.Create, FileAccess.Write, FileShare.None);
        Dem.Run("merge", _family.Recipe, "--out", output, "--resume").ExpectError(ErrorCode.OutputBusy);
    }

    [TestCase(8, null, 8)]
    [TestCase(8, "3", 3)]
    [TestCase(2, "64", 2)]
    [TestCase(8, "0", 8)]
    [TestCase(8, "many", 8)]
    public void Slurm_says_how_many_threads(int processors, string? slurm, int threads) =>
        Assert.That(DefaultThreads.For(processors, slurm), Is.EqualTo(threads));

    [Test]
    public void Bench_leaves_nothing_that_was_not_asked_for()
    {
        string[] Left() => Directory.GetDirectories(Path.GetTempPath(), "dem-bench*");
        string[] before = Left();
        CommandResult result = Dem.Run("bench", "--shape", "tiny", "--sources", "1", "--repeats", "1").Expect(0);
        Assert.That(result.ErrorLines[0], Does.Contain("until the end; --dir names another place"));
        Assert.That(Left(), Is.EquivalentTo(before));
    }
}
