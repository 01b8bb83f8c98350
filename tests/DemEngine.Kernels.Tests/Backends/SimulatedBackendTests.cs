using DemEngine.Backends;
using DemEngine.Kernels.Devices;
using DemEngine.Tests.Backends;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Tests.Backends;

/// <summary>The kernels on ILGPU's simulation, with a buffer so small that the larger tensors are cut into parts.</summary>
[TestFixture]
public sealed class SimulatedBackendTests : BackendSuite
{
    private const long MaxVramBytes = 512 << 10;

    protected override IMergeBackend CreateBackend() => IlgpuBackend.Open(new DeviceName(AcceleratorType.CPU, 0), MaxVramBytes);
}
