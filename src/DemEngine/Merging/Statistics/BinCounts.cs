using System.Buffers;

namespace DemEngine.Merging.Statistics;

/// <summary>
/// Counts in bins that many threads add to. Each thread has its own table, and all tables are added up at the end. Tables are of
/// the shared pool: there are some for each tensor, and memory that is new costs more than the counting in a small one.
/// </summary>
/// <param name="bins">Number of bins.</param>
internal sealed class BinCounts(int bins) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly ThreadLocal<Table> _tables = new(() => new Table(bins), trackAllValues: true);
    private long[]? _total;

    /// <summary>
    /// Returns the calling thread's table, to which at most <paramref name="counts"/> may be added before the next call.
    /// </summary>
    public uint[] TableFor(int counts)
    {
        Table table = _tables.Value!;
        if (counts > uint.MaxValue - table.Counted)
            Flush(table);
        table.Counted += (uint)counts;
        return table.Bins;
    }

    /// <summary>
    /// Returns the sums over all threads, none of which may still be counting, at the start of an array that is the caller's
    /// until this is disposed.
    /// </summary>
    public long[] Total()
    {
        foreach (Table table in _tables.Values)
            Flush(table);
        return _total ??= NewTotal();
    }

    public void Dispose()
    {
        foreach (Table table in _tables.Values)
            ArrayPool<uint>.Shared.Return(table.Bins);
        if (_total is not null)
            ArrayPool<long>.Shared.Return(_total);
        _tables.Dispose();
    }

    private void Flush(Table table)
    {
        lock (_lock)
        {
            long[] total = _total ??= NewTotal();
            for (int bin = 0; bin < bins; bin++)
                total[bin] += table.Bins[bin];
        }

        Array.Clear(table.Bins, 0, bins);
        table.Counted = 0;
    }

    private long[] NewTotal()
    {
        long[] total = ArrayPool<long>.Shared.Rent(bins);
        Array.Clear(total, 0, bins);
        return total;
    }

    private sealed class Table
    {
        public Table(int bins)
        {
            Bins = ArrayPool<uint>.Shared.Rent(bins);
            Array.Clear(Bins, 0, bins);
        }

        public uint[] Bins { get; }

        /// <summary>Upper bound on the count in any bin.</summary>
        public uint Counted { get; set; }
    }
}
