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
    public void Days_are_said_in_hours() =>
        Assert.That(RunProgressText.Describe(new RunProgress("merge", 1_000_000, 90_001_000_000, ""), TimeSpan.FromSeconds(1)),
            Is.EqualTo("1.00 MB of 90.0 GB, 0.00 GB/s, 25:00:00 left"));

    private sealed class Clock : TimeProvider
    {
        public double Seconds { get; set; }

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => (long)Math.Round(Seconds * 1000);
    }
}
