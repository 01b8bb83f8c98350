namespace DemEngine.Kernels.Tests;

/// <summary>All there is in a build without ILGPU.</summary>
public sealed class LeftOutTests
{
    [Test]
    public void Kernels_are_tested_where_ilgpu_is() =>
        Assert.Ignore("this build left out the kernels: ILGPU or ILGPU.Algorithms is not on the package sources");
}
