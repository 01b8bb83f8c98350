using DemEngine.Backends;
using DemEngine.Tests.Backends;

namespace DemEngine.Kernels.Tests.Backends;

/// <summary>The kernels on ILGPU's simulation.</summary>
[TestFixture]
public sealed class SimulatedBackendTests : BackendSuite
{
    protected override IMergeBackend CreateBackend() => new SharedSimulation();
}
