namespace DemEngine.Training.Tests;

/// <summary>All there is in a build without TorchSharp.</summary>
public sealed class LeftOutTests
{
    [Test]
    public void Training_is_tested_where_torch_is() =>
        Assert.Ignore("this build left out training: TorchSharp is not on the package sources");
}
