using DemEngine.Backends;
using DemEngine.Kernels.Tests.Backends;
using DemEngine.Tests.Merging;

namespace DemEngine.Kernels.Tests.Streaming;

/// <summary>Infinities and NaNs by every method on ILGPU's simulation.</summary>
[TestFixture]
public sealed class NonFiniteDeviceTests : NonFiniteMethodSuite
{
    protected override IMergeBackend CreateBackend() => new SharedSimulation();
}
