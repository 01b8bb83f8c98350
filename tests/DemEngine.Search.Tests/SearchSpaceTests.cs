using DemEngine.Search.Space;

namespace DemEngine.Search.Tests;

public class SearchSpaceTests
{
    [TestCase("0:1:0.1", 11)]
    [TestCase("0:1:0.3", 4)]
    [TestCase("-0.5:0.5:0.25", 5)]
    [TestCase("0.3:0.3:1", 1)]
    [TestCase("0:0.7:0.1", 8)]
    [TestCase("1e-1:9e-1:1e-1", 9)]
    public void A_range_counts_its_grid(string text, int count)
    {
        CoefficientRange range = CoefficientRange.Parse(text);
        Assert.That(range.GridCount, Is.EqualTo(count));
        Assert.That(range.Contains(range.At(count - 1)), Is.True);
        Assert.That(range.Contains(range.At(count)), Is.False);
        Assert.That(range.Nearest(1000), Is.EqualTo(range.At(count - 1)));
        Assert.That(range.Nearest(-1000), Is.EqualTo(range.Low));
    }

    [TestCase("0:1")]
    [TestCase("0:1:0.1:2")]
    [TestCase("a:1:0.1")]
    [TestCase("1:0:0.1")]
    [TestCase("0:1:0")]
    [TestCase("0:1:-0.1")]
    [TestCase("0:nan:0.1")]
    [TestCase("0:∞:0.1")]
    [TestCase("0:1:1e-9")]
    [TestCase("")]
    public void A_range_that_is_none_is_refused(string text) =>
        Assert.That(() => CoefficientRange.Parse(text), Throws.InstanceOf<DemException>().With.Property("Code").EqualTo(ErrorCode.BadArgument));

    [Test]
    public void Points_are_equal_to_six_decimals()
    {
        Assert.That(new SearchPoint(0.1 + 0.2, -1e-9), Is.EqualTo(new SearchPoint(0.3, 0)));
        Assert.That(new SearchPoint(0.1 + 0.2, -1e-9).GetHashCode(), Is.EqualTo(new SearchPoint(0.3, 0).GetHashCode()));
        Assert.That(new SearchPoint(0.1 + 0.2).ToString(), Is.EqualTo("(0.3)"));
        Assert.That(new SearchPoint(0.3), Is.Not.EqualTo(new SearchPoint(0.300001)));
        Assert.That(new SearchPoint(0.3), Is.Not.EqualTo(new SearchPoint(0.3, 0)));
        Assert.That(() => new SearchPoint(double.NaN), Throws.ArgumentException);
    }

    [Test]
    public void A_start_outside_is_moved_to_the_border()
    {
        SearchSpace space = Minimise.Space(2, 0, 1, 0.1, 7, -7);
        Assert.That(space.Start, Is.EqualTo(new SearchPoint(1, 0)));
        Assert.That(Minimise.Space(2, 0, 1, 0.1).Start, Is.EqualTo(new SearchPoint(0.5, 0.5)));
        Assert.That(space.Contains(new SearchPoint(1.05, 0)), Is.False);
        Assert.That(space.Contains(new SearchPoint(1)), Is.False);
        Assert.That(Minimise.Space(40, 0, 1, 0.01).GridCount, Is.EqualTo(long.MaxValue));
    }
}
