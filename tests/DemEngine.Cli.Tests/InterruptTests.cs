using System.Diagnostics;

namespace DemEngine.Cli.Tests;

/// <summary>Ctrl-C and its polite relative.</summary>
[Platform(Include = "Unix")]
public class InterruptTests
{
    private ModelFamily _family = null!;

    [OneTimeSetUp]
    public void MakeFamily()
    {
        _family = new ModelFamily(ModelFamily.Deep, sources: 2);
        Dem.Run("merge", _family.Recipe, "--out", _family.PathOf("whole")).Expect(0);
    }

    [OneTimeTearDown]
    public void DeleteFamily() => _family.Dispose();

    [TestCase(DemProcess.Interrupt, 130)]
    [TestCase(DemProcess.Terminate, 143)]
    [Retry(3)] // The merge may be over before the signal comes.
    public void An_interrupted_merge_says_how_to_go_on_and_does(int signal, int exitCode)
    {
        string output = $"interrupted {signal}, {TestContext.CurrentContext.CurrentRepeatCount}";
        string[] merge = ["merge", _family.Recipe, "--out", _family.PathOf(output), "--threads", "1"];
        using (DemProcess process = DemProcess.Start([.. merge, "--json"]))
        {
            Assert.That(process.WaitUntil(() => _family.FinishedTensors(output) >= 5));
            process.Signal(signal);
            CommandResult stopped = process.Wait().Expect(exitCode);
            Assert.That(stopped.Json.GetProperty("error").GetProperty("code").GetString(), Is.EqualTo("interrupted"));
            Assert.That(stopped.Error, Is.EqualTo("interrupted; run the same command with --resume to go on\n"));
        }

        Assert.That(Directory.Exists(_family.PathOf(output)), Is.False, "nothing shows under the final name");
        Dem.Run(merge).ExpectError(ErrorCode.UnfinishedRun);
        Assert.That(Dem.Run([.. merge, "--resume", "--json"]).Expect(0).Json.GetProperty("resumed").GetInt32(), Is.GreaterThanOrEqualTo(5));
        _family.ExpectSame(output, "whole");
    }

    [Test]
    public void Who_restarted_is_not_told_to_do_both()
    {
        using DemProcess process = DemProcess.Start("merge", _family.Recipe, "--out", _family.PathOf("out"), "--threads", "1", "--restart");
        Assert.That(process.WaitUntil(() => _family.FinishedTensors("out") >= 1));
        process.Signal(DemProcess.Interrupt);
        Assert.That(process.Wait().Expect(130).Error, Does.Contain("--resume in place of --restart"));
    }

    [TestCase("merge", true)]
    [TestCase("merge", false)]
    [TestCase("check", true)]
    public void One_signal_is_enough_while_a_pipe_is_waited_for(string command, bool isOpened)
    {
        string recipe = _family.PathOf($"pipe of {command} {isOpened}");
        using (Process mkfifo = Process.Start("mkfifo", [recipe]))
            mkfifo.WaitForExit();
        using DemProcess process = DemProcess.Start(command, recipe, "--out", _family.PathOf("never"));

        // Nothing is ever written; where nobody has the other end open, the opening waits.
        using FileStream? pipe = isOpened ? new FileStream(recipe, FileMode.Open, FileAccess.Write) : null;
        if (pipe is null)
            Thread.Sleep(2000);
        process.Signal(DemProcess.Terminate);
        CommandResult stopped = process.Wait().Expect(143);
        Assert.That(stopped.Error, Is.EqualTo("interrupted\n"));
    }

    [Test]
    public void What_had_not_begun_is_not_to_be_resumed()
    {
        string recipe = _family.PathOf("recipe from a pipe");
        using (Process mkfifo = Process.Start("mkfifo", [recipe]))
            mkfifo.WaitForExit();
        using DemProcess process = DemProcess.Start("merge", recipe, "--out", _family.PathOf("not begun"));

        // Opening the pipe waits until the other end is read.
        using var pipe = new FileStream(recipe, FileMode.Open, FileAccess.Write);
        process.Signal(DemProcess.Interrupt);
        Assert.That(process.Wait().Expect(130).Error, Is.EqualTo("interrupted\n"));
        Assert.That(Directory.Exists(_family.PathOf(".not begun.dem-unfinished")), Is.False);
    }

    [Test]
    public void What_cannot_be_resumed_promises_nothing()
    {
        using var folder = new TempFolder();
        using DemProcess process = DemProcess.Start("bench", "--shape", "tiny", "--repeats", "1000000", "--dir", folder.Path);
        Assert.That(process.WaitUntil(() => process.Error.Contains("copying files", StringComparison.Ordinal)));
        process.Signal(DemProcess.Interrupt);
        Assert.That(process.Wait().Expect(130).ErrorLines[^1], Is.EqualTo("interrupted"));
    }
}
