using BenchmarkDotNet.Attributes;
using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Elements;
using DemEngine.Numerics.Simd;

namespace DemEngine.Perf;

/// <summary>The weighted sum, by vectors of each width, beside one element at a time and beside moving the bytes alone.</summary>
public class CombineBenchmarks : IMovesBytes
{
    private readonly Dictionary<VectorWidth, ITileWorker> _workers = [];
    private readonly ITileWorker _nothing = new NullBackend().CreateWorker();
    private TypedBytes[] _inputs = [];
    private TypedBytes _output;
    private LinearCombination _sum = LinearCombination.BaseAlone;

    [Params(ElementType.BF16, ElementType.F16, ElementType.F32, ElementType.F8E4M3)]
    public ElementType Type { get; set; }

    [Params(1, 2, 4, 8)]
    public int Sources { get; set; }

    public long BytesMoved => (Sources + 2L) * TestData.Elements * Type.Size;

    [GlobalSetup]
    public void Setup()
    {
        _inputs = TestData.Family(Type, Sources);
        _output = TestData.Allocate(Type);
        _sum = new LinearCombination(
            startsFromBase: true, [.. Enumerable.Range(1, Sources).Select(k => new Term(0.7f / (k + 0.3f), TermKind.RelativeToBase))]);
        foreach (VectorWidth width in Enum.GetValues<VectorWidth>())
            _workers[width] = new CpuBackend(width).CreateWorker();
    }

    [Benchmark(Baseline = true)]
    public void Null() => _nothing.Combine(_sum, _inputs, _output);

    [Benchmark]
    public void Vector512() => _workers[VectorWidth.Bits512].Combine(_sum, _inputs, _output);

    [Benchmark]
    public void Vector256() => _workers[VectorWidth.Bits256].Combine(_sum, _inputs, _output);

    [Benchmark]
    public void Vector128() => _workers[VectorWidth.Bits128].Combine(_sum, _inputs, _output);

    [Benchmark]
    public void Scalar() => FloatElements.Dispatch<ScalarSum, int>(Type, new ScalarSum(_sum, _inputs, _output));
}
