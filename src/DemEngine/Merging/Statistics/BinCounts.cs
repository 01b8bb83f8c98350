namespace DemEngine.Merging.Statistics;

/// <summary>Counts in bins, to which many threads add: each has a table of its own, and all are added up at the end.</summary>
/// <param name="bins">Number of bins.</param>
internal sealed class BinCounts(int bins) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly ThreadLocal<Table> _tables = new(() => new Table(bins), trackAllValues: true);
    private long[] _total = [];

    /// <summary>The calling thread's table, to which so many counts may be added.</summary>
    public uint[] TableFor(int counts)
    {
        Table table = _tables.Value!;
        if (counts > uint.MaxValue - table.Counted)
            Flush(table);
        table.Counted += (uint)counts;
        return table.Bins;
    }

    /// <summary>The sums over all threads. None may be counting any more.</summary>
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

        /// <summary>The most that any bin can have come to.</summary>
        public uint Counted { get; set; }
    }
}
