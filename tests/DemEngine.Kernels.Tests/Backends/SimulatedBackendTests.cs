using DemEngine.Backends;
using DemEngine.Kernels.Devices;
using DemEngine.Tests.Backends;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Tests.Backends;

/// <summary>The kernels on ILGPU's simulation.</summary>
[TestFixture]
public sealed class SimulatedBackendTests : BackendSuite
{
    protected override IMergeBackend CreateBackend() => new SharedBackend(new DeviceName(AcceleratorType.CPU, 0));
}
