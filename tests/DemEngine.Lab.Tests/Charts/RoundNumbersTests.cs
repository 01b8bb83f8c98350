using DemEngine.Lab.Charts;

namespace DemEngine.Lab.Tests.Charts;

public class RoundNumbersTests
{
    [TestCase(0, 1, 5, "0 0.2 0.4 0.6 0.8 1")]
    [TestCase(6.2431, 6.2609, 5, "6.245 6.25 6.255 6.26")]
    [TestCase(-0.5, 0.5, 4, "-0.5 0 0.5")]
    [TestCase(0, 1e-7, 2, "0 5E-08 1E-07")]
    [TestCase(2, 2, 5, "2")]
    public void Numbers_within_a_range_are_round(double low, double high, int about, string expected) =>
        Assert.That(string.Join(' ', RoundNumbers.Between(low, high, about)), Is.EqualTo(expected));

    [TestCase(1, 1)]
    [TestCase(1.01, 2)]
    [TestCase(2.5, 5)]
    [TestCase(6, 10)]
    [TestCase(0.3 - 0.1, 0.2)]
    [TestCase(0.1 + 0.2 - 0.1, 0.2, Description = "above 0.2 by an error of rounding")]
    [TestCase(0.0034, 0.005)]
    [TestCase(70_000, 100_000)]
    public void A_step_is_the_next_round_length(double least, double expected) =>
        Assert.That(RoundNumbers.Step(least), Is.EqualTo(expected).Within(1e-12 * expected));
}
