using DemEngine.Backends.Devices;

namespace DemEngine.Tests.Backends.Devices;

/// <summary>What tiles' times amount to.</summary>
public sealed class DeviceTimelineTests
{
    /// <summary>Three tiles, one after another by two seconds: in 0–2, 2–4, 4–6, kernels 2–3, 4–5, 6–7, out 3–5, 5–7, 7–9.</summary>
    private static readonly DeviceTimeline Staggered = new([new(4, 6, 7, 9), new(0, 2, 3, 5), new(2, 4, 5, 7)]);

    [Test]
    public void Overlap_is_the_lanes_busy_time_by_the_wall_time()
    {
        Assert.That(Staggered.Count, Is.EqualTo(3));
        Assert.That(Staggered.WallSeconds, Is.EqualTo(9));
        Assert.That(Staggered.CopyInSeconds, Is.EqualTo(6));
        Assert.That(Staggered.KernelSeconds, Is.EqualTo(3));
        Assert.That(Staggered.CopyOutSeconds, Is.EqualTo(6));
        Assert.That(Staggered.Overlap, Is.EqualTo(15.0 / 9).Within(1e-12));
        Assert.That(Staggered.MostUnderWay, Is.EqualTo(3));
    }

    /// <summary>Tiles that wait for the same copy engine do not make it twice as busy.</summary>
    [Test]
    public void Time_that_several_tiles_spend_in_a_lane_counts_once()
    {
        var timeline = new DeviceTimeline([new(0, 4, 5, 6), new(1, 3, 5, 6), new(3, 8, 9, 10)]);
        Assert.That(timeline.CopyInSeconds, Is.EqualTo(8));
        Assert.That(timeline.KernelSeconds, Is.EqualTo(3));
        Assert.That(timeline.CopyOutSeconds, Is.EqualTo(2));
        Assert.That(timeline.MostUnderWay, Is.EqualTo(3));
    }

    [Test]
    public void Tiles_one_after_the_other_do_not_overlap()
    {
        var timeline = new DeviceTimeline([new(0, 1, 2, 3), new(3, 4, 5, 6)]);
        Assert.That(timeline.Overlap, Is.EqualTo(1));
        Assert.That(timeline.MostUnderWay, Is.EqualTo(1));
    }

    [Test]
    public void Nothing_noted_is_nothing()
    {
        var timeline = new DeviceTimeline([]);
        Assert.That((timeline.WallSeconds, timeline.Overlap, timeline.MostUnderWay), Is.EqualTo((0.0, 0.0, 0)));
    }
}
