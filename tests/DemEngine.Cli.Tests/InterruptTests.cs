namespace DemEngine.Cli.Tests;

/// <summary>Ctrl-C and its polite relative.</summary>
[Platform(Include = "Unix")]
public class InterruptTests
{
    [TestCase(DemProcess.Interrupt)]
    [TestCase(DemProcess.Terminate)]
    public void An_interrupted_merge_says_how_to_go_on_and_does(int signal)
    {
        using var family = new ModelFamily(ModelFamily.Deep, sources: 2);
        Dem.Run("merge", family.Recipe, "--out", family.PathOf("whole")).Expect(0);

        string[] merge = ["merge", family.Recipe, "--out", family.PathOf("interrupted"), "--threads", "1"];
        using (DemProcess process = DemProcess.Start([.. merge, "--json"]))
        {
            Assert.That(process.WaitUntil(() => family.FinishedTensors("interrupted") >= 5));
            process.Signal(signal);
            CommandResult stopped = process.Wait().Expect(130);
            Assert.That(stopped.Output, Is.Empty);
            Assert.That(stopped.Error, Is.EqualTo("interrupted; run the same command with --resume to go on\n"));
        }

        Assert.That(Directory.Exists(family.PathOf("interrupted")), Is.False, "nothing shows under the final name");
        Dem.Run(merge).ExpectError(ErrorCode.UnfinishedRun);
        Assert.That(Dem.Run([.. merge, "--resume", "--json"]).Expect(0).Json.GetProperty("resumed").GetInt32(), Is.GreaterThanOrEqualTo(5));
        family.ExpectSame("interrupted", "whole");
    }

    [Test]
    public void Who_restarted_is_not_told_to_do_both()
    {
        using var family = new ModelFamily(ModelFamily.Deep, sources: 1);
        using DemProcess process = DemProcess.Start("merge", family.Recipe, "--out", family.PathOf("out"), "--threads", "1", "--restart");
        Assert.That(process.WaitUntil(() => family.FinishedTensors("out") >= 1));
        process.Signal(DemProcess.Interrupt);
        Assert.That(process.Wait().Expect(130).Error, Does.Contain("--resume in place of --restart"));
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
