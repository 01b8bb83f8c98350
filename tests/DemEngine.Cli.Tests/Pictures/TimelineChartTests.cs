using System.Xml.Linq;
using DemEngine.Backends.Devices;
using DemEngine.Cli.Pictures;

namespace DemEngine.Cli.Tests.Pictures;

/// <summary>How tiles' times are drawn.</summary>
public sealed class TimelineChartTests
{
    /// <summary>Three tiles, one after another by two seconds: in 0–2, 2–4, 4–6, kernels 2–3, 4–5, 6–7, out 3–5, 5–7, 7–9.</summary>
    private static readonly DeviceTimeline Staggered = new([new(4, 6, 7, 9), new(0, 2, 3, 5), new(2, 4, 5, 7)]);

    [Test]
    public void Nothing_noted_is_still_a_picture() =>
        Assert.That(() => XDocument.Parse(TimelineChart.Write(new DeviceTimeline([]), "none")), Throws.Nothing);

    [Test]
    public void Each_tile_has_a_bar_in_each_lane_at_its_time()
    {
        XElement[] bars = Bars(TimelineChart.Write(Staggered, "cuda:0"));
        Assert.That(bars, Has.Length.EqualTo(9));

        // The second tile's kernel, from 4 to 5 of 9 seconds.
        XElement kernel = bars[4];
        double start = Place(bars[0]);
        double width = Place(bars[8]) + Length(bars[8]) - start;
        Assert.That((Place(kernel) - start) / width, Is.EqualTo(4.0 / 9).Within(1e-3));
        Assert.That(Length(kernel) / width, Is.EqualTo(1.0 / 9).Within(1e-3));
        Assert.That(kernel.Value, Is.EqualTo("tile 1: 1000 ms"));
    }

    [Test]
    public void Long_run_is_drawn_by_tiles_of_its_middle()
    {
        var timeline = new DeviceTimeline([.. Enumerable.Range(0, 1000).Select(k => new TileTimes(k, k + 1, k + 2, k + 3))]);
        string[] titles = [.. Bars(TimelineChart.Write(timeline, "cuda:0")).Select(bar => bar.Value)];
        Assert.That(titles, Has.Length.EqualTo(3 * 48));
        Assert.That(titles, Has.Some.StartsWith("tile 500:").And.None.StartsWith("tile 0:").And.None.StartsWith("tile 999:"));
    }

    [Test]
    public void Device_names_stay_text() =>
        Assert.That(
            XDocument.Parse(TimelineChart.Write(Staggered, "<script>&")).Descendants().Select(element => element.Name.LocalName),
            Has.None.EqualTo("script"));

    private static XElement[] Bars(string svg) =>
        [.. XDocument.Parse(svg).Descendants().Where(element => element.Name.LocalName == "rect" && element.Attribute("fill") is not null)];

    private static double Place(XElement bar) => (double)bar.Attribute("x")!;

    private static double Length(XElement bar) => (double)bar.Attribute("width")!;
}
