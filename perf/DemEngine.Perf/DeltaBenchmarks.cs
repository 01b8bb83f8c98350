using System.Collections.Immutable;
using BenchmarkDotNet.Attributes;
using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Perf;

/// <summary>The operations on filtered differences, as sparse methods ask for them: of two sources of which about half is kept.</summary>
public class DeltaBenchmarks : IMovesBytes
{
    private const int Sources = 2;
    private const ulong Half = 1UL << 31;

    private static readonly uint Middle = DeltaKey.Of(0.00067f);
    private static readonly ImmutableArray<TermKind> Kinds = [.. Enumerable.Repeat(TermKind.RelativeToBase, Sources)];
    private static readonly ImmutableArray<DeltaWeights> Weights = [new(0.53f, 0.53f, 0.53f), new(0.31f, 0.31f, 0.31f)];

    private IDeltaWorker _worker = null!;
    private TypedBytes[] _inputs = [];
    private TypedBytes _output;
    private uint[] _counts = [];
    private double[] _sums = [];
    private uint[] _ranks = [];

    [Params(ElementType.BF16, ElementType.F32)]
    public ElementType Type { get; set; }

    public long BytesMoved => (Sources + 1L) * TestData.Elements * Type.Size;

    [GlobalSetup]
    public void Setup()
    {
        _worker = new CpuBackend().CreateWorker().Deltas;
        _inputs = TestData.Family(Type, Sources);
        _output = TestData.Allocate(Type);
        _counts = new uint[Sources * (1 << 16)];
        _sums = new double[GramOrder.LeafCount(TestData.Elements) * Sources * DeltaSum.Norms.PerSource];
        _ranks = new uint[TestData.Elements];
    }

    [Benchmark(Description = "keys, all")]
    public void CountAll() => Count([.. Enumerable.Range(0, Sources).Select(source => new KeyWindow(source, 0, 15, 1 << 16))]);

    [Benchmark(Description = "keys, a hundredth")]
    public void CountFew() => Count([.. Enumerable.Range(0, Sources).Select(source => new KeyWindow(source, Middle, 5, 1 << 12))]);

    [Benchmark(Description = "keys, of one bin")]
    public void CountOne() => Count([.. Enumerable.Range(0, Sources).Select(source => new KeyWindow(source, Middle, 31, 1))]);

    [Benchmark(Description = "norms, drawn")]
    public void Norms() => _worker.Sums(new SparseDeltas(Each(Drawn)), DeltaSum.Norms, _inputs, 0, _sums);

    [Benchmark(Description = "sum, drawn")]
    public void DrawnSum() => Combine(Drawn, Consensus.Sum);

    [Benchmark(Description = "consensus, drawn")]
    public void DrawnConsensus() => Combine(Drawn, Consensus.Agreeing);

    [Benchmark(Description = "consensus, largest")]
    public void LargestConsensus() => Combine(_ => new MagnitudeMask(new Threshold(Middle, -1), Threshold.AboveAll), Consensus.AgreeingMean);

    [Benchmark(Description = "ranks of one source")]
    public void Rank() => _worker.Rank(Kinds[0], _inputs.AsSpan(0, 2), rowElements: 4096, _ranks);

    private static BernoulliMask Drawn(int source) => new((ulong)source, Half);

    internal void Count(ImmutableArray<KeyWindow> windows) =>
        _worker.Histogram(new MagnitudeKeys(Kinds), _inputs, 0, windows.AsSpan(), _counts.AsSpan(0, windows.Sum(window => window.Bins)));

    private void Combine(Func<int, DeltaMask> filter, Consensus mixing) =>
        _worker.Combine(new DeltaCombination(new SparseDeltas(Each(filter)), Weights, mixing), _inputs, 0, _output);

    private static ImmutableArray<SparseDelta> Each(Func<int, DeltaMask> filter) => [.. Kinds.Select((kind, source) => new SparseDelta(kind, filter(source)))];
}
