using DemEngine.Backends;
using DemEngine.Kernels.Devices;
using DemEngine.Kernels.Tests.Backends;
using DemEngine.Numerics;
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

    protected override IEnumerable<ElementType> TypesFor(double value, string model) =>
        [(double.IsNaN(value) || value > 0) == (model == "base") ? ElementType.F32 : ElementType.BF16];

    protected override IMergeBackend CreateBackend() => new SharedBackend(new DeviceName(kind, 0));
}
