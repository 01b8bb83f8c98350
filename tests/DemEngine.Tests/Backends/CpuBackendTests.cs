using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Numerics.Simd;

namespace DemEngine.Tests.Backends;

/// <summary>The processor at each width; the runtime makes up for what the hardware does not have.</summary>
[TestFixture(VectorWidth.Bits128)]
[TestFixture(VectorWidth.Bits256)]
[TestFixture(VectorWidth.Bits512)]
internal sealed class CpuBackendTests(VectorWidth width) : BackendSuite
{
    protected override IMergeBackend CreateBackend() => new CpuBackend(width);
}
