using DemEngine.Evaluation;
using DemEngine.Search.Trials;

namespace DemEngine.Search.Tests;

public class ObjectiveTests
{
    private static readonly SetScore[] Scores = [new("a", 1), new("b", 4), new("c", 2)];

    [TestCase(ObjectiveKind.Mean, false, 7.0 / 3)]
    [TestCase(ObjectiveKind.Worst, false, 4)]
    [TestCase(ObjectiveKind.Worst, true, 1)]
    [TestCase(ObjectiveKind.Weighted, false, 7.0 / 3)]
    public void Several_values_become_one(ObjectiveKind kind, bool higherIsBetter, double expected)
    {
        var objective = new Objective(kind, new Metric("m", higherIsBetter));
        Assert.That(objective.Of(Scores), Is.EqualTo(expected).Within(1e-15));
        Assert.That(objective.Cost(expected), Is.EqualTo(higherIsBetter ? -expected : expected));
        Assert.That(objective.Cost(objective.Of([new("a", double.NaN), new("b", 1)])), Is.EqualTo(double.PositiveInfinity));
    }

    [Test]
    public void Sets_are_weighted()
    {
        Objective Weighted(params (string, double)[] weights) => new(ObjectiveKind.Weighted, Metric.Loss, weights.ToDictionary());
        Assert.That(Weighted(("a", 3), ("c", 0)).Of(Scores), Is.EqualTo((3 + 4) / 4.0));
        Assert.That(() => Weighted(("d", 3)).Of(Scores), Throws.InstanceOf<DemException>().With.Message.Contains("\"d\""));
        Assert.That(() => Weighted(("a", 0), ("b", 0), ("c", 0)).Of(Scores), Throws.InstanceOf<DemException>());
        Assert.That(() => Weighted(("a", -1)), Throws.InstanceOf<DemException>());
        Assert.That(() => Weighted(("a", double.NaN)), Throws.InstanceOf<DemException>());
        Assert.That(() => new Objective(ObjectiveKind.Mean, Metric.Loss, new Dictionary<string, double> { ["a"] = 1 }), Throws.InstanceOf<DemException>());
    }
}
