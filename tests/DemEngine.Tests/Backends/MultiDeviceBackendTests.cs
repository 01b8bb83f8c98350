using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;
using DemEngine.Numerics.Simd;

namespace DemEngine.Tests.Backends;

/// <summary>The suite on several backends together.</summary>
[TestFixture]
public sealed class MultiDeviceBackendTests : BackendSuite
{
    protected override IMergeBackend CreateBackend() =>
        new MultiDeviceBackend("all", [new CpuBackend(VectorWidth.Bits128), new CpuBackend(VectorWidth.Bits256), new CpuBackend(VectorWidth.Bits512)]);
}

/// <summary>Who gets which tile.</summary>
public sealed class SpreadingTests
{
    /// <summary>Tiles that never end until all are under way go to members in equal numbers.</summary>
    [Test]
    public void Tiles_go_to_the_member_with_the_fewest_under_way()
    {
        const int tilesEach = 3;
        using var allUnderWay = new Barrier(2 * tilesEach);
        Counting[] members = [new(allUnderWay), new(allUnderWay)];
        using var backend = new MultiDeviceBackend("all", members);
        Thread[] threads = [.. Enumerable.Range(0, 2 * tilesEach).Select(k => new Thread(() =>
        {
            using ITileWorker worker = backend.CreateWorker();
            switch (k % 3)
            {
                case 0:
                    worker.Combine(LinearCombination.BaseAlone, [], default);
                    break;
                case 1:
                    worker.Gram(false, [], []);
                    break;
                default:
                    worker.Deltas.Sums(new SparseDeltas([]), DeltaSum.Squares, [], first: 0, []);
                    break;
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.That(members.Select(member => member.Tiles), Is.All.EqualTo(tilesEach));
    }

    [Test]
    public void It_takes_as_many_workers_as_its_members()
    {
        using var allUnderWay = new Barrier(1);
        using var backend = new MultiDeviceBackend("all", [new Counting(allUnderWay), new CpuBackend(), new Counting(allUnderWay)]);
        Assert.That(backend.MinWorkers, Is.EqualTo(5));
        Assert.That(backend.Name, Is.EqualTo("all"));
    }

    private sealed class Counting(Barrier allUnderWay) : IMergeBackend, ITileWorker, IDeltaWorker
    {
        private int _tiles;

        public int Tiles => _tiles;

        public string Name => "counting";

        public string Description => "counts tiles";

        public int MinWorkers => 2;

        public IDeltaWorker Deltas => this;

        public ITileWorker CreateWorker() => this;

        public NonFinite Combine(LinearCombination combination, ReadOnlySpan<TypedBytes> inputs, TypedBytes output)
        {
            Count();
            return default;
        }

        public void Gram(bool relativeToBase, ReadOnlySpan<TypedBytes> inputs, Span<double> leafSums) => Count();

        public NonFinite Combine(DeltaCombination combination, ReadOnlySpan<TypedBytes> inputs, long first, TypedBytes output)
        {
            Count();
            return default;
        }

        public void Histogram(DeltaKeys keys, ReadOnlySpan<TypedBytes> inputs, long first, ReadOnlySpan<KeyWindow> windows, Span<uint> counts) => Count();

        public void Sums(SparseDeltas deltas, DeltaSum sum, ReadOnlySpan<TypedBytes> inputs, long first, Span<double> leafSums) => Count();

        public void Rank(TermKind kind, ReadOnlySpan<TypedBytes> inputs, int rowElements, Span<uint> ranks) => Count();

        public void Diverge(TermKind kind, ReadOnlySpan<TypedBytes> inputs, int rowElements, Span<float> divergences) => Count();

        public void Dispose()
        {
            // Nothing is held.
        }

        private void Count()
        {
            Interlocked.Increment(ref _tiles);
            allUnderWay.SignalAndWait();
        }
    }
}
