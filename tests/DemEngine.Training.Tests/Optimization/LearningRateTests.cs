using DemEngine.Training.Settings;

namespace DemEngine.Training.Tests.Optimization;

public class LearningRateTests
{
    private static readonly LearningRate Rate = new(Peak: 0.4, End: 0.1, WarmupSteps: 10, Steps: 110);

    [TestCase(1, 0.04)]
    [TestCase(5, 0.2)]
    [TestCase(10, 0.4)]
    [TestCase(35, 0.1 + (0.3 * 0.8535533905932737))] // (1 + cos 45°) / 2
    [TestCase(60, 0.25)]
    [TestCase(110, 0.1)]
    public void It_rises_and_falls(long step, double expected) => Assert.That(Rate.At(step), Is.EqualTo(expected).Within(1e-12));

    [Test]
    public void Without_warm_up_the_first_step_is_nearly_the_peak() =>
        Assert.That((Rate with { WarmupSteps = 0 }).At(1), Is.EqualTo(0.4).Within(1e-3).And.LessThan(0.4));

    [Test]
    public void Warm_up_may_take_all_steps() => Assert.That(new LearningRate(1, 0, 4, 4).At(4), Is.EqualTo(1));
}
