using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Backends;

/// <summary>Several backends as one: each tile goes to the one that has the fewest under way. Which that is does not show in the bytes.</summary>
/// <param name="name">As <c>--backend</c> names it.</param>
/// <param name="members">At least one. They are disposed with this.</param>
public sealed class SeveralBackends(string name, IReadOnlyList<IMergeBackend> members) : IMergeBackend
{
    private readonly int[] _underWay = new int[members.Count];
    private readonly Lock _lock = new();

    /// <inheritdoc/>
    public string Name { get; } = members.Count > 0 ? name : throw new ArgumentException("no backend is given", nameof(members));

    /// <inheritdoc/>
    public string Description { get; } = string.Join(" + ", members.Select(member => member.Description));

    /// <inheritdoc/>
    public int LeastWorkers => members.Sum(member => member.LeastWorkers);

    /// <inheritdoc/>
    public ITileWorker CreateWorker() => new Worker(this, [.. members.Select(member => member.CreateWorker())]);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IMergeBackend member in members)
            member.Dispose();
    }

    private int Take()
    {
        lock (_lock)
        {
            int least = Array.IndexOf(_underWay, _underWay.Min());
            _underWay[least]++;
            return least;
        }
    }

    private void GiveBack(int member)
    {
        lock (_lock)
            _underWay[member]--;
    }

    private sealed class Worker(SeveralBackends backend, ITileWorker[] workers) : ITileWorker
    {
        public NonFinite Combine(LinearCombination combination, ReadOnlySpan<TypedBytes> inputs, TypedBytes output)
        {
            int member = backend.Take();
            try
            {
                return workers[member].Combine(combination, inputs, output);
            }
            finally
            {
                backend.GiveBack(member);
            }
        }

        public void Gram(bool relativeToBase, ReadOnlySpan<TypedBytes> inputs, Span<double> leafSums)
        {
            int member = backend.Take();
            try
            {
                workers[member].Gram(relativeToBase, inputs, leafSums);
            }
            finally
            {
                backend.GiveBack(member);
            }
        }

        public void Dispose()
        {
            foreach (ITileWorker worker in workers)
                worker.Dispose();
        }
    }
}
