using BenchmarkDotNet.Attributes;
using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Simd;

namespace DemEngine.Perf;

/// <summary>All dot products of the differences and the base.</summary>
public class GramBenchmarks : IMovesBytes
{
    private readonly Dictionary<VectorWidth, ITileWorker> _workers = [];
    private TypedBytes[] _inputs = [];
    private double[] _sums = [];

    [Params(ElementType.BF16, ElementType.F32)]
    public ElementType Type { get; set; }

    [Params(1, 2, 4)]
    public int Sources { get; set; }

    public long BytesMoved => (Sources + 1L) * TestData.Elements * Type.Size;

    [GlobalSetup]
    public void Setup()
    {
        _inputs = TestData.Family(Type, Sources);
        _sums = new double[GramOrder.LeafCount(TestData.Elements) * GramMatrix.PairCount(Sources + 1)];
        foreach (VectorWidth width in Enum.GetValues<VectorWidth>())
            _workers[width] = new CpuBackend(width).CreateWorker();
    }

    [Benchmark]
    public void Vector512() => _workers[VectorWidth.Bits512].Gram(true, _inputs, _sums);

    [Benchmark]
    public void Vector256() => _workers[VectorWidth.Bits256].Gram(true, _inputs, _sums);

    [Benchmark]
    public void Vector128() => _workers[VectorWidth.Bits128].Gram(true, _inputs, _sums);

    [Benchmark(Baseline = true)]
    public double Scalar()
    {
        double total = 0;
        for (int i = 0; i < TestData.Elements; i++)
        {
            double b = Value(_inputs[0], i);
            for (int first = 1; first < _inputs.Length; first++)
            {
                double d = (float)(Value(_inputs[first], i) - b);
                for (int second = first; second < _inputs.Length; second++)
                    total += d * (float)(Value(_inputs[second], i) - b);
                total += d * b;
            }

            total += b * b;
        }

        return total;
    }

    private double Value(TypedBytes input, int i) => Type == ElementType.F32
        ? BitConverter.ToSingle(input.Bytes.Span[(4 * i)..])
        : BitConverter.UInt32BitsToSingle((uint)BitConverter.ToUInt16(input.Bytes.Span[(2 * i)..]) << 16);
}
