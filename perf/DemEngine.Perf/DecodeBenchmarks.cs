using BenchmarkDotNet.Attributes;
using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Elements;

namespace DemEngine.Perf;

/// <summary>From each element type to binary32.</summary>
public class DecodeBenchmarks : IMovesBytes
{
    private readonly ITileWorker _worker = new CpuBackend().CreateWorker();
    private TypedBytes[] _input = [];
    private TypedBytes _output;

    [Params(ElementType.BF16, ElementType.F16, ElementType.F8E4M3, ElementType.F8E5M2, ElementType.F64)]
    public ElementType Type { get; set; }

    public long BytesMoved => TestData.Elements * (Type.Size + 4L);

    [GlobalSetup]
    public void Setup()
    {
        _input = TestData.Family(Type, 0);
        _output = TestData.Allocate(ElementType.F32);
    }

    [Benchmark]
    public void Vectors() => _worker.Combine(LinearCombination.BaseAlone, _input, _output);

    [Benchmark(Baseline = true)]
    public void Scalar() => FloatElements.Dispatch<ScalarDecode, int>(Type, new ScalarDecode(_input[0], _output));
}
