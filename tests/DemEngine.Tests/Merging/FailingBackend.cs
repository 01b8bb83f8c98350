using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Tests.Merging;

/// <summary>The processor, which counts its calls and breaks down at one of them.</summary>
internal sealed class FailingBackend(int failAt) : IMergeBackend
{
    private readonly CpuBackend _cpu = new();
    private int _calls;

    public int Calls => _calls;

    public string Name => "failing";

    public string Description => "breaks down";

    public ITileWorker CreateWorker() => new Worker(this);

    public void Dispose() => _cpu.Dispose();

    private void Count()
    {
        if (Interlocked.Increment(ref _calls) == failAt + 1)
            throw new InvalidDataException("the device fell off the bus");
    }

    private sealed class Worker(FailingBackend backend) : ITileWorker, IDeltaWorker
    {
        private readonly ITileWorker _worker = backend._cpu.CreateWorker();

        public IDeltaWorker Deltas => this;

        public NonFinite Combine(LinearCombination combination, ReadOnlySpan<TypedBytes> inputs, TypedBytes output)
        {
            backend.Count();
            return _worker.Combine(combination, inputs, output);
        }

        public void Gram(bool relativeToBase, ReadOnlySpan<TypedBytes> inputs, Span<double> leafSums)
        {
            backend.Count();
            _worker.Gram(relativeToBase, inputs, leafSums);
        }

        public NonFinite Combine(DeltaCombination combination, ReadOnlySpan<TypedBytes> inputs, long first, TypedBytes output)
        {
            backend.Count();
            return _worker.Deltas.Combine(combination, inputs, first, output);
        }

        public void Histogram(DeltaKeys keys, ReadOnlySpan<TypedBytes> inputs, long first, ReadOnlySpan<KeyWindow> windows, Span<uint> counts) =>
            _worker.Deltas.Histogram(keys, inputs, first, windows, counts);

        public void Sums(SparseDeltas deltas, DeltaSum sum, ReadOnlySpan<TypedBytes> inputs, long first, Span<double> leafSums) =>
            _worker.Deltas.Sums(deltas, sum, inputs, first, leafSums);

        public void Rank(TermKind kind, ReadOnlySpan<TypedBytes> inputs, int rowElements, Span<uint> ranks) =>
            _worker.Deltas.Rank(kind, inputs, rowElements, ranks);

        public void Diverge(TermKind kind, ReadOnlySpan<TypedBytes> inputs, int rowElements, Span<float> divergences) =>
            _worker.Deltas.Diverge(kind, inputs, rowElements, divergences);

        public void Dispose() => _worker.Dispose();
    }
}
