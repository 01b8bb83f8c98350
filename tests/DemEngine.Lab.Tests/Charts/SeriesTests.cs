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

    [TestCase(1.783e11, 2.053e11, "1.8·10¹¹", "1.9·10¹¹", "2·10¹¹")]
    [TestCase(1.78e11, 1.78e11, "1.6·10¹¹", "1.8·10¹¹", "2·10¹¹")]
    [TestCase(1.1e11, 4.9e11, "2·10¹¹", "3·10¹¹", "4·10¹¹", "5·10¹¹")]
    [TestCase(0.9e12, 6e12, "10¹²", "2·10¹²", "5·10¹²")]
    [TestCase(8.1e-14, 1.3e-13, "8·10⁻¹⁴", "10⁻¹³", "1.2·10⁻¹³")]
    [TestCase(3, 3e6, "10¹", "10²", "10³", "10⁴", "10⁵", "10⁶")]
    public void A_logarithmic_axis_uses_its_room_and_has_three_numbers_or_more(double from, double to, params string[] texts)
    {
        Axis axis = Axis.Logarithmic("x", [from, to]);
        Assert.That(axis.Ticks.Select(tick => tick.Text), Is.EqualTo(texts));
        Assert.That(axis.Ticks.Select(tick => axis.At(tick.Value)), Is.Ordered.And.All.InRange(0, 1));
        if (to > from)
            Assert.That((axis.At(from), axis.At(to)), Is.EqualTo((1 / 22.0, 21 / 22.0)).Using<double>((a, b) => Math.Abs(a - b) < 1e-9));
    }

    [Test]
    public void A_logarithmic_axis_never_has_fewer_than_three_numbers_or_more_than_there_is_room_for()
    {
        for (double from = 1e-3; from < 1e4; from *= 1.37)
        {
            for (double span = 1; span < 1e6; span *= 1.19)
                Assert.That(Axis.Logarithmic("x", [from, from * span]).Ticks.Length, Is.InRange(3, 8), $"{from} to {from * span}");
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
