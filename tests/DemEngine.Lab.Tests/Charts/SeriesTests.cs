using System.Text.RegularExpressions;
using DemEngine.Lab.Charts;

namespace DemEngine.Lab.Tests.Charts;

public partial class SeriesTests
{
    [Test]
    public void No_two_series_have_both_mark_and_colour_in_common()
    {
        string[] pairs = [.. Enumerable.Range(0, 64).Select(Mark)];
        Assert.That(pairs, Is.Unique);
    }

    [Test]
    public void No_mark_is_a_bar_or_a_dash()
    {
        // All reach about as far to each side of the centre.
        for (int k = 0; k < 8; k++)
        {
            string path = Path().Match(Mark(k)).Groups[1].Value;
            double[] numbers = [.. Number().Matches(path).Select(match => Math.Abs(double.Parse(match.Value)))];
            Assert.That(numbers.Max(), Is.InRange(5, 2.2 * 5 * 1.1), path);
            Assert.That(path, Does.Match("[La]|h10v10"), "it has a slope or a curve, or is a square");
        }
    }

    [Test]
    public void An_axis_leaves_little_room_beyond_its_values()
    {
        foreach (var (from, to) in new[] { (92.5, 98.1), (0.035, 0.102), (-3, 1200) })
        {
            Axis axis = Axis.Linear("x", [from, to]);
            Assert.That(axis.At(from), Is.InRange(0.01, 0.06));
            Assert.That(axis.At(to), Is.InRange(0.94, 0.99));
            Assert.That(axis.Ticks.Length, Is.InRange(2, 8));
            Assert.That(axis.Ticks.Select(tick => axis.At(tick.Value)), Is.All.InRange(0, 1));
        }
    }

    private static string Mark(int index)
    {
        var svg = new SvgText();
        Series.Mark(svg, index, 0, 0, 5);
        return svg.ToString();
    }

    [GeneratedRegex(" d=\"([^\"]*)\"|d=\"([^\"]*)\"")]
    private static partial Regex Path();

    [GeneratedRegex(@"-?\d+(?:\.\d+)?")]
    private static partial Regex Number();
}
