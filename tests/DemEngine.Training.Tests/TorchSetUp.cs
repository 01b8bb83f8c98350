namespace DemEngine.Training.Tests;

/// <summary>Every test here computes with Torch.</summary>
[SetUpFixture]
public sealed class TorchSetUp
{
    [OneTimeSetUp]
    public void SkipWithoutTorch()
    {
        if (NeedsTorchAttribute.WhySkipped is not { } reason)
            return;
        TestContext.Progress.WriteLine($"Skipped, as Torch cannot be used: {reason}");
        Assert.Ignore(reason);
    }
}
