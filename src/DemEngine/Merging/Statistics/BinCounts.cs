namespace DemEngine.Merging.Statistics;

/// <summary>
/// Counts in bins that many threads add to. Each thread has its own table, and all tables are added up at the end.
/// </summary>
/// <param name="bins">Number of bins.</param>
internal sealed class BinCounts(int bins) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly ThreadLocal<Table> _tables = new(() => new Table(bins), trackAllValues: true);
    private long[] _total = [];

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

    /// <summary>Returns the sums over all threads, none of which may still be counting.</summary>
    public long[] Total()
    {
        foreach (Table table in _tables.Values)
            Flush(table);
        return _total.Length == 0 ? new long[bins] : _total;
    }

    public void Dispose() => _tables.Dispose();

    private void Flush(Table table)
    {
        lock (_lock)
        {
            if (_total.Length == 0)
                _total = new long[bins];
            for (int bin = 0; bin < _total.Length; bin++)
                _total[bin] += table.Bins[bin];
        }

        Array.Clear(table.Bins);
        table.Counted = 0;
    }

    private sealed class Table(int bins)
    {
        public uint[] Bins { get; } = new uint[bins];

        /// <summary>Upper bound on the count in any bin.</summary>
        public uint Counted { get; set; }
    }
}
