using BenchmarkDotNet.Attributes;
using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Quantized.Blocks;

namespace DemEngine.Perf;

/// <summary>A tile in each block format of GGUF, decoded to binary32, beside the same tile in BF16.</summary>
public class BlockBenchmarks : IMovesBytes
{
    private readonly ITileWorker _worker = new CpuBackend().CreateWorker();
    private readonly float[] _values = new float[TestData.Elements];
    private BlockFormat _format = BlockFormat.All[0];
    private byte[] _blocks = [];
    private TypedBytes[] _plain = [];
    private TypedBytes _tile;

    [Params("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS", "MXFP4")]
    public string Form { get; set; } = "Q4_0";

    // Those of BF16, so that rates of one form and of another are those of elements.
    public long BytesMoved => TestData.Elements * (2L + sizeof(float));

    [GlobalSetup]
    public void Setup()
    {
        _format = BlockFormat.All.Single(format => format.Name == Form);
        _blocks = new byte[TestData.Elements / _format.Elements * _format.Bytes];
        Array.Fill(_blocks, (byte)0x35);
        _plain = TestData.Family(ElementType.BF16, 0);
        _tile = TestData.Allocate(ElementType.F32);
    }

    [Benchmark(Baseline = true)]
    public void Plain() => _worker.Combine(LinearCombination.BaseAlone, _plain, _tile);

    [Benchmark]
    public void Decoded() => _format.Decode(_blocks, _values);
}
