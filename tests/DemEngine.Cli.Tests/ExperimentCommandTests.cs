namespace DemEngine.Cli.Tests;

[NonParallelizable]
public class ExperimentCommandTests
{
    [Test]
    public void What_is_asked_for_must_be_there()
    {
        Dem.Run("experiment", "--out", "x", "--preset", "huge").ExpectError(ErrorCode.BadArgument, "small, demo, tiny");
        Dem.Run("experiment", "--out", "x", "--preset", "large").ExpectError(ErrorCode.BadArgument, "needs --base and --source");
        Dem.Run("experiment", "--out", "x", "--base", "y").ExpectError(ErrorCode.BadArgument, "--base goes with --preset large only");
        Dem.Run("experiment", "--out", "x", "--device", "gpu").ExpectError(ErrorCode.BadArgument, "gpu");
        Dem.Run("experiment").ExpectError(ErrorCode.BadArgument, "--out");
    }

    [Test, NeedsTorch]
    public void The_tiny_experiment_runs_to_its_report_and_again_from_what_it_left()
    {
        using var folder = new TempFolder();
        string[] command = ["experiment", "--preset", "tiny", "--out", folder.PathOf("out"), "--threads", "1"];
        CommandResult result = Dem.Run(command).Expect(0);
        Assert.That(result.Output, Does.Contain("DEM, one each").And.Contain("mixing, trained again").And.Contain("report.html"));
        Assert.That(result.ErrorLines, Has.All.Match("^seed [12]: "));

        string[] losses = Losses(folder.PathOf("out/experiment.json"));
        System.Text.Json.JsonElement again = Dem.Run([.. command, "--resume", "--json"]).Expect(0).Json;
        Assert.That(again.GetProperty("tables").GetArrayLength(), Is.EqualTo(2));
        Assert.That(again.GetProperty("life").GetArrayLength(), Is.EqualTo(5));
        Assert.That(Losses(folder.PathOf("out/experiment.json")), Is.EqualTo(losses));
        Assert.That(File.ReadAllText(again.GetProperty("report").GetString()!), Does.StartWith("<!doctype html>"));
        ExpectTheSameAfterAKill(folder, losses);
    }

    private static void ExpectTheSameAfterAKill(TempFolder folder, string[] losses)
    {
        string[] command = ["experiment", "--preset", "tiny", "--out", folder.PathOf("killed"), "--threads", "1"];
        string models = folder.PathOf("killed/seed-1/models");
        string[] Trained() => Directory.Exists(models) ? Directory.GetFiles(models, "*.json") : [];
        using (DemProcess process = DemProcess.Start(command))
        {
            Assert.That(process.WaitUntil(() => Trained().Length >= 2), Is.True, () => process.Error);
            process.Kill();
        }

        string[] kept = Trained();
        DateTime[] written = [.. kept.Select(File.GetLastWriteTimeUtc)];
        Dem.Run("experiment", "--preset", "demo", "--out", folder.PathOf("killed"), "--resume").ExpectError(ErrorCode.ResumeMismatch, "settings.txt");
        Dem.Run([.. command, "--resume=auto"]).Expect(0);
        Assert.That(Trained(), Has.Length.GreaterThan(kept.Length));
        Assert.That(kept.Select(File.GetLastWriteTimeUtc), Is.EqualTo(written), "what was trained is not trained again");
        Assert.That(Losses(folder.PathOf("killed/experiment.json")), Is.EqualTo(losses));
    }

    private static string[] Losses(string file) =>
    [
        .. System.Text.Json.JsonDocument.Parse(File.ReadAllText(file)).RootElement.GetProperty("tables").EnumerateArray()
            .SelectMany(table => table.GetProperty("rows").EnumerateArray())
            .SelectMany(row => row.GetProperty("runs").EnumerateArray())
            .Select(run => run.GetProperty("loss").GetRawText()),
    ];
}
