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

    /// <summary>Merges are slow here: each value once, in a model and of a type that go round with the case.</summary>
    protected override IEnumerable<(double Value, string Model, ElementType Type)> Tried(string method, string parameters)
    {
        int turn = method.Length + parameters.Length + (kind == AcceleratorType.CPU ? 1 : 0);
        foreach (double value in new[] { double.NaN, double.PositiveInfinity, double.NegativeInfinity })
        {
            yield return (value, turn % 2 == 0 ? "base" : "a", turn / 2 % 2 == 0 ? ElementType.F32 : ElementType.BF16);
            turn++;
        }
    }

    protected override IMergeBackend CreateBackend() => new SharedBackend(new DeviceName(kind, 0));
}
