using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Backends.Cpu.Deltas;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;
using DemEngine.Numerics.Simd;

namespace DemEngine.Tests.Backends.Cpu;

/// <summary>What random filters drew for the norms is drawn no second time, within the memory allowed, and shows in nothing.</summary>
public sealed class DrawnBitsTests
{
    private const int Block = KeepMaskCache.BlockElements;

    private static readonly BernoulliMask Filter = new(7, 1UL << 31);

    [Test]
    public void What_is_stored_is_taken_once()
    {
        var drawn = new KeepMaskCache();
        using IDisposable allowance = drawn.Allow(1 << 20);
        ulong[] bits = [.. Enumerable.Range(1, KeepMaskCache.BlockWords).Select(k => (ulong)k)];
        ulong[] taken = new ulong[KeepMaskCache.BlockWords];
        drawn.Store(Filter, 5 * Block, bits);
        Assert.That(drawn.TryTake(Filter, 4 * Block, taken), Is.False);
        Assert.That(drawn.TryTake(Filter, (5 * Block) + 8, taken), Is.False);
        Assert.That(drawn.TryTake(Filter with { Stream = 8 }, 5 * Block, taken), Is.False);
        Assert.That(drawn.TryTake(Filter with { Threshold = 1 }, 5 * Block, taken), Is.False);
        Assert.That(drawn.TryTake(Filter, 5 * Block, taken), Is.True);
        Assert.That(taken, Is.EqualTo(bits));
        Assert.That(drawn.TryTake(Filter, 5 * Block, taken), Is.False);
    }

    [Test]
    public void No_more_is_stored_than_is_allowed_and_nothing_stays()
    {
        const int blocks = 10_000;
        var drawn = new KeepMaskCache();
        ulong[] bits = new ulong[KeepMaskCache.BlockWords];
        long Taken() => Enumerable.Range(0, blocks).Count(block => drawn.TryTake(Filter, (long)block * Block, bits));
        void Store() => Parallel.For(0, blocks, block => drawn.Store(Filter, (long)block * Block, new ulong[KeepMaskCache.BlockWords]));

        Store();
        Assert.That(Taken(), Is.Zero, "nothing is allowed");
        for (int round = 0; round < 3; round++)
        {
            using IDisposable allowance = drawn.Allow(1 << 20);
            Store();
            Assert.That(Taken() * Block / 8, Is.GreaterThan(1 << 19).And.LessThanOrEqualTo(1 << 20));
            Store();
        }

        Assert.That(Taken(), Is.Zero, "all was given back");
    }

    [Test]
    public void Norms_and_mixtures_are_those_of_what_is_drawn_twice([Values] VectorWidth width, [Values(1, 2047, 5000, 300_001)] int count, [Values(0, 3 * 4096, 1000)] long first)
    {
        var random = new Random(count);
        TermKind[] kinds = [TermKind.RelativeToBase, TermKind.Plain, TermKind.RelativeToBase];
        using var @case = new CombineCase(RandomCombination.Usual(random, 3), [ElementType.BF16], ElementType.BF16, count, 3);
        InputValues.Fill(@case, InputKind.Realistic, random);
        TypedBytes[] inputs = [.. @case.Inputs.Select(input => input.Elements)];
        ulong[] thresholds = [1UL << 31, 1UL << 32, 12345];
        var deltas = new SparseDeltas([.. kinds.Select((kind, k) => new SparseDelta(kind, new BernoulliMask((ulong)k, thresholds[k])))]);
        var combination = new DeltaCombination(deltas, [.. kinds.Select(_ => new DeltaWeights(0.5f, 0.5f, 0.5f))], Consensus.Sum);

        byte[] Run(bool keeps, out double[] sums)
        {
            using var backend = new CpuBackend(width);
            using ITileWorker worker = backend.CreateWorker();
            using ITileWorker other = backend.CreateWorker();
            using IDisposable? kept = keeps ? backend.MakeResident([.. inputs.Select(input => input.Bytes)]) : null;
            sums = new double[GramOrder.LeafCount(count) * kinds.Length * DeltaSum.Norms.PerSource];
            worker.Deltas.Sums(deltas, DeltaSum.Norms, inputs, first, sums);
            @case.Output.Bytes.Fill(0x5A);
            other.Deltas.Combine(combination, inputs, first, @case.Output.Elements);
            return @case.Output.Bytes.ToArray();
        }

        byte[] expected = Run(keeps: false, out double[] expectedSums);
        byte[] actual = Run(keeps: true, out double[] sums);
        Assert.That(sums, Is.EqualTo(expectedSums));
        Assert.That(actual.AsSpan().SequenceEqual(expected));
    }
}
