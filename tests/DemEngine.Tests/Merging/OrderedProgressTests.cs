using DemEngine.Merging.Options;

namespace DemEngine.Tests.Merging;

public class OrderedProgressTests
{
    [Test]
    public void Reports_of_many_threads_come_in_order_and_end_with_all()
    {
        const int Threads = 8, Tiles = 20_000;
        var reports = new List<RunProgress>();
        int inside = 0;
        var progress = new OrderedProgress(
            at =>
            {
                Assert.That(Interlocked.Increment(ref inside), Is.EqualTo(1), "one at a time");
                reports.Add(at);
                Interlocked.Decrement(ref inside);
            },
            "merge",
            3L * Threads * Tiles);
        Parallel.For(0, Threads, new ParallelOptions { MaxDegreeOfParallelism = Threads }, _ =>
        {
            for (int k = 0; k < Tiles; k++)
                progress.Add("t", 3);
        });

        Assert.That(reports.Select(at => at.BytesDone), Is.Ordered.Ascending);
        Assert.That(reports[^1].BytesDone, Is.EqualTo(reports[^1].BytesTotal));
        Assert.That(reports, Has.Count.LessThan(Threads * Tiles / 10), "not each tile is told");
    }

    [Test]
    public void Small_runs_are_told_tile_by_tile()
    {
        var done = new List<long>();
        var progress = new OrderedProgress(at => done.Add(at.BytesDone), "merge", 30);
        for (int k = 0; k < 3; k++)
            progress.Add("t", 10);
        Assert.That(done, Is.EqualTo(new[] { 10, 20, 30 }));
    }
}
