using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;
using DemEngine.Numerics.LowRank;

namespace DemEngine.Backends;

/// <summary>
/// Several backends used as one. Each tile goes to the backend with the fewest tiles in progress, of those that have its inputs
/// already where there are such, and the choice does not affect the bytes.
/// </summary>
/// <param name="name">Name of the backend, such as <c>cuda:all</c>.</param>
/// <param name="members">Backends to use, at least one. They are disposed with this backend.</param>
internal sealed class MultiDeviceBackend(string name, IReadOnlyList<IMergeBackend> members) : IMergeBackend
{
    private readonly int[] _underWay = new int[members.Count];
    private readonly Lock _lock = new();
    private int _products = -1;

    /// <inheritdoc/>
    public string Name { get; } = members.Count > 0 ? name : throw new ArgumentException("no backend is given", nameof(members));

    /// <inheritdoc/>
    public string Description { get; } = string.Join(" + ", members.Select(member => member.Description));

    /// <inheritdoc/>
    public int MinWorkers => members.Sum(member => member.MinWorkers);

    /// <inheritdoc/>
    public IDisposable? MakeResident(IReadOnlyList<NativeBytes> bytes) => Each(member => member.MakeResident(bytes));

    /// <inheritdoc/>
    public IDisposable? KeepBetweenRuns(IReadOnlyList<NativeBytes> inputs) => Each(member => member.KeepBetweenRuns(inputs));

    /// <inheritdoc/>
    public bool Holds(NativeBytes part) => members.Any(member => member.Holds(part));

    /// <inheritdoc/>
    public IThinProducts CreateThinProducts() =>
        members[(int)((uint)Interlocked.Increment(ref _products) % (uint)members.Count)].CreateThinProducts();

    /// <inheritdoc/>
    public ITileWorker CreateWorker() => new Worker(this, [.. members.Select(member => member.CreateWorker())]);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IMergeBackend member in members)
            member.Dispose();
    }

    private KeptBytes? Each(Func<IMergeBackend, IDisposable?> keep)
    {
        IDisposable[] kept = [.. members.Select(keep).OfType<IDisposable>()];
        return kept.Length == 0 ? null : new KeptBytes(kept);
    }

    /// <summary>
    /// Takes a turn with the member that has the fewest tiles in progress, of those that hold the most inputs of this one.
    /// </summary>
    private Turn Take(ReadOnlySpan<TypedBytes> inputs)
    {
        Span<int> held = stackalloc int[members.Count];
        for (int k = 0; k < members.Count; k++)
        {
            foreach (TypedBytes input in inputs)
                held[k] += members[k].Holds(input.Bytes) ? 1 : 0;
        }

        lock (_lock)
        {
            int best = 0;
            for (int k = 1; k < members.Count; k++)
            {
                if (held[k] > held[best] || (held[k] == held[best] && _underWay[k] < _underWay[best]))
                    best = k;
            }

            _underWay[best]++;
            return new Turn(this, best);
        }
    }

    private sealed class KeptBytes(IDisposable[] ofMembers) : IDisposable
    {
        public void Dispose()
        {
            foreach (IDisposable kept in ofMembers)
                kept.Dispose();
        }
    }

    private readonly ref struct Turn(MultiDeviceBackend backend, int member)
    {
        public int Member => member;

        public void Dispose()
        {
            lock (backend._lock)
                backend._underWay[member]--;
        }
    }

    private sealed class Worker(MultiDeviceBackend backend, ITileWorker[] workers) : ITileWorker, IDeltaWorker
    {
        public IDeltaWorker Deltas => this;

        public NonFinite Combine(LinearCombination combination, ReadOnlySpan<TypedBytes> inputs, TypedBytes output)
        {
            using Turn turn = backend.Take(inputs);
            return workers[turn.Member].Combine(combination, inputs, output);
        }

        public void CombineEach(
            ReadOnlySpan<LinearCombination> combinations,
            ReadOnlySpan<TypedBytes> inputs,
            ReadOnlySpan<TypedBytes> outputs,
            Span<NonFinite> nonFinite)
        {
            using Turn turn = backend.Take(inputs);
            workers[turn.Member].CombineEach(combinations, inputs, outputs, nonFinite);
        }

        public bool TryColumnGram(
            ReadOnlySpan<TermKind> kinds, ReadOnlySpan<TypedBytes> inputs, int columns, int leafRows, Span<double> leafSums)
        {
            using Turn turn = backend.Take(inputs);
            return workers[turn.Member].TryColumnGram(kinds, inputs, columns, leafRows, leafSums);
        }

        public bool TryCombineColumns(
            LinearCombination sum,
            double[][] weights,
            int column,
            ReadOnlySpan<TypedBytes> inputs,
            TypedBytes output,
            out long nonFiniteOutputs)
        {
            using Turn turn = backend.Take(inputs);
            return workers[turn.Member].TryCombineColumns(sum, weights, column, inputs, output, out nonFiniteOutputs);
        }

        public void Gram(bool relativeToBase, ReadOnlySpan<TypedBytes> inputs, Span<double> leafSums)
        {
            using Turn turn = backend.Take(inputs);
            workers[turn.Member].Gram(relativeToBase, inputs, leafSums);
        }

        public NonFinite Combine(DeltaCombination combination, ReadOnlySpan<TypedBytes> inputs, long first, TypedBytes output)
        {
            using Turn turn = backend.Take(inputs);
            return workers[turn.Member].Deltas.Combine(combination, inputs, first, output);
        }

        public void CombineEach(
            ReadOnlySpan<DeltaCombination> combinations,
            ReadOnlySpan<TypedBytes> inputs,
            long first,
            ReadOnlySpan<TypedBytes> outputs,
            Span<NonFinite> nonFinite)
        {
            using Turn turn = backend.Take(inputs);
            workers[turn.Member].Deltas.CombineEach(combinations, inputs, first, outputs, nonFinite);
        }

        public void Histogram(
            DeltaKeys keys, ReadOnlySpan<TypedBytes> inputs, long first, ReadOnlySpan<KeyWindow> windows, Span<uint> counts)
        {
            using Turn turn = backend.Take(inputs);
            workers[turn.Member].Deltas.Histogram(keys, inputs, first, windows, counts);
        }

        public void Sums(SparseDeltas deltas, DeltaSum sum, ReadOnlySpan<TypedBytes> inputs, long first, Span<double> leafSums)
        {
            using Turn turn = backend.Take(inputs);
            workers[turn.Member].Deltas.Sums(deltas, sum, inputs, first, leafSums);
        }

        public void Rank(TermKind kind, ReadOnlySpan<TypedBytes> inputs, int rowElements, Span<uint> ranks)
        {
            using Turn turn = backend.Take(inputs);
            workers[turn.Member].Deltas.Rank(kind, inputs, rowElements, ranks);
        }

        public void Diverge(TermKind kind, ReadOnlySpan<TypedBytes> inputs, int rowElements, Span<float> divergences)
        {
            using Turn turn = backend.Take(inputs);
            workers[turn.Member].Deltas.Diverge(kind, inputs, rowElements, divergences);
        }

        public void Dispose()
        {
            foreach (ITileWorker worker in workers)
                worker.Dispose();
        }
    }
}
