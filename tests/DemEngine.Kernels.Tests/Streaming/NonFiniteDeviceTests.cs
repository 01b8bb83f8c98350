using DemEngine.Backends;
using DemEngine.Kernels.Devices;
using DemEngine.Kernels.Tests.Backends;
using DemEngine.Tests.Merging;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Tests.Streaming;

/// <summary>Infinities and NaNs by every method, on ILGPU's simulation, and on CUDA's emulation.</summary>
[TestFixture(AcceleratorType.CPU)]
[TestFixture(AcceleratorType.Cuda)]
public sealed class NonFiniteDeviceTests(AcceleratorType kind) : NonFiniteMethodSuite
{
    [SetUp]
    public void Skip_without_emulation()
    {
        if (kind == AcceleratorType.Cuda)
            Cuda.NeedEmulation();
    }

    protected override IMergeBackend CreateBackend() => new SharedBackend(new DeviceName(kind, 0));
}
