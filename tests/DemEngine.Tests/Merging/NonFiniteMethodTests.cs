using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Numerics.Simd;

namespace DemEngine.Tests.Merging;

/// <summary>Infinities and NaNs by every method on the processor, at every vector width.</summary>
[TestFixture(VectorWidth.Bits128)]
[TestFixture(VectorWidth.Bits256)]
[TestFixture(VectorWidth.Bits512)]
public sealed class NonFiniteMethodTests(VectorWidth width) : NonFiniteMethodSuite
{
    protected override IMergeBackend CreateBackend() => new CpuBackend(width);
}
