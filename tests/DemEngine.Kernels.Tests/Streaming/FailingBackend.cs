using DemEngine.Backends;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Kernels.Tests.Streaming;

/// <summary>A backend whose device is lost after so many tiles.</summary>
internal sealed class FailingBackend(IMergeBackend inner, int tiles) : IMergeBackend
{
    private int _left = tiles;

    public string Name => inner.Name;

    public string Description => inner.Description;

    public ITileWorker CreateWorker() => new Worker(this, inner.CreateWorker());

    public void Dispose()
    {
        // The inner backend is the caller's.
    }

    private sealed class Worker(FailingBackend backend, ITileWorker inner) : ITileWorker, IDeltaWorker
    {
        public IDeltaWorker Deltas => this;

        public NonFinite Combine(LinearCombination combination, ReadOnlySpan<TypedBytes> inputs, TypedBytes output) =>
            Interlocked.Decrement(ref backend._left) >= 0
                ? inner.Combine(combination, inputs, output)
                : throw new DemException(ErrorCode.DeviceFailed, "lost");

        public void Gram(bool relativeToBase, ReadOnlySpan<TypedBytes> inputs, Span<double> leafSums) =>
            inner.Gram(relativeToBase, inputs, leafSums);

        public NonFinite Combine(DeltaCombination combination, ReadOnlySpan<TypedBytes> inputs, long first, TypedBytes output) =>
            Interlocked.Decrement(ref backend._left) >= 0
                ? inner.Deltas.Combine(combination, inputs, first, output)
                : throw new DemException(ErrorCode.DeviceFailed, "lost");

        public void Histogram(DeltaKeys keys, ReadOnlySpan<TypedBytes> inputs, long first, ReadOnlySpan<KeyWindow> windows, Span<uint> counts) =>
            inner.Deltas.Histogram(keys, inputs, first, windows, counts);

        public void Sums(SparseDeltas deltas, DeltaSum sum, ReadOnlySpan<TypedBytes> inputs, long first, Span<double> leafSums) =>
            inner.Deltas.Sums(deltas, sum, inputs, first, leafSums);

        public void Rank(TermKind kind, ReadOnlySpan<TypedBytes> inputs, int rowElements, Span<uint> ranks) =>
            inner.Deltas.Rank(kind, inputs, rowElements, ranks);

        public void Diverge(TermKind kind, ReadOnlySpan<TypedBytes> inputs, int rowElements, Span<float> divergences) =>
            inner.Deltas.Diverge(kind, inputs, rowElements, divergences);

        public void Dispose() => inner.Dispose();
    }
}
