using BenchmarkDotNet.Attributes;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Perf;

/// <summary>Hashing what was computed, while it is in the cache, beside copying it.</summary>
public class HashBenchmarks : IMovesBytes
{
    private const int TileBytes = 1 << 20;

    private readonly NativeBytes _from = TestData.Allocate(TileBytes);
    private readonly NativeBytes _to = TestData.Allocate(TileBytes);
    private readonly byte[] _leaves = new byte[TileBytes / ContentHash.LeafBytes * ContentHash.HashBytes];

    public long BytesMoved => TileBytes;

    [GlobalSetup]
    public void Setup() => new Philox(1).Fill(0, System.Runtime.InteropServices.MemoryMarshal.Cast<byte, uint>(_from.Span));

    [Benchmark]
    public void Hash() => ContentHash.HashLeaves(_from.Span, _leaves);

    [Benchmark(Baseline = true)]
    public void Copy() => _from.Span.CopyTo(_to.Span);
}
