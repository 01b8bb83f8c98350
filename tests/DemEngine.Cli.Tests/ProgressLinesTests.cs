using System.Text.Json;
using DemEngine.Cli.Progress;
using DemEngine.Merging.Options;

namespace DemEngine.Cli.Tests;

public class ProgressLinesTests
{
    [Test]
    public void A_plain_line_every_five_seconds()
    {
        using var text = new StringWriter();
        var clock = new Clock();
        var lines = new ProgressLines<RunProgress>(RunProgressText.Text, text, clock);
        for (int tenths = 1; tenths <= 120; tenths++)
        {
            clock.Seconds = tenths / 10.0;
            lines.Report(new RunProgress("merge", tenths * 100_000_000L, 1_000_000_000_000, "some.weight"));
        }

        Assert.That(text.ToString().ReplaceLineEndings("\n"), Is.EqualTo(
            "merge: 5.00 GB of 1.00 TB, 1.00 GB/s, 0:16:35 left\nmerge: 10.0 GB of 1.00 TB, 1.00 GB/s, 0:16:30 left\n"));
    }

    [Test]
    public void A_program_gets_a_json_line_a_second_the_first_and_the_end()
    {
        using var text = new StringWriter();
        var clock = new Clock();
        var lines = new ProgressLines<RunProgress>(RunProgressText.Text, text, clock, isJson: true);
        for (int tenths = 0; tenths <= 22; tenths++)
        {
            clock.Seconds = tenths / 10.0;
            lines.Report(new RunProgress("merge", tenths * 100, 2200, "a·b") { TensorsDone = tenths, TensorsTotal = 22, Shard = "model.safetensors" });
        }

        JsonElement[] read = [.. text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.That(read.Select(line => line.GetProperty("bytes_done").GetInt64()), Is.EqualTo(new[] { 0, 1000, 2000, 2200 }));
        Assert.That(read[1].GetRawText(), Is.EqualTo(
            "{\"phase\":\"merge\",\"bytes_done\":1000,\"bytes_total\":2200,\"tensors_done\":10,\"tensors_total\":22,\"tensor\":\"a·b\","
            + "\"shard\":\"model.safetensors\",\"bytes_per_second\":1000,\"seconds\":1}"));
    }

    [Test]
    public void Days_are_said_in_hours() =>
        Assert.That(RunProgressText.Describe(new RunProgress("merge", 1_000_000, 90_001_000_000, ""), TimeSpan.FromSeconds(1)),
            Is.EqualTo("1.00 MB of 90.0 GB, 1.00 MB/s, 25:00:00 left"));

    [Test]
    public void A_run_that_has_hardly_begun_does_not_say_when_it_will_end() =>
        Assert.That(RunProgressText.Describe(new RunProgress("merge", 1_000, 90_000_000_000, ""), TimeSpan.FromSeconds(1)),
            Is.EqualTo("1.00 KB of 90.0 GB, 1.00 KB/s"));

    private sealed class Clock : TimeProvider
    {
        public double Seconds { get; set; }

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => (long)Math.Round(Seconds * 1000);
    }
}
