using System.Buffers;
using DemEngine.Memory;
using DemEngine.Numerics.LowRank;

namespace DemEngine.Checkpoints.Adapters.Changes;

/// <summary>
/// The right factors that products of a run's adapters were last computed from, in the layout in which they are computed. Parts
/// of a product are asked for one after the other, by several threads, and each would otherwise read and convert its whole
/// factor. The memory of factors that are not kept any more is used again: new memory costs several times what it takes to fill
/// it.
/// </summary>
/// <param name="maxMemoryBytes">Bound of all buffers of the run.</param>
internal sealed class PackedFactors(long maxMemoryBytes = PackedFactors.DefaultMaxMemoryBytes)
{
    // Of models that are opened alone, outside a run.
    private const long DefaultMaxMemoryBytes = 512_000_000;

    // Threads work on a few neighbouring tensors at a time.
    private const int FactorsOfAdapter = 4;
    private const long BytesOfAdapter = 32 << 20;
    private const long LargestFactor = 16 << 20;

    // All factors together take an eighth of the memory at most, and one a quarter of that.
    private const int Share = 8;
    private const int ShareOfFactor = 32;

    // Numbers that are read at a time.
    private const int StripNumbers = 1 << 18;

    private readonly Lock _lock = new();
    private readonly List<Entry> _recent = [];
    private readonly List<AlignedSingles> _free = [];
    private readonly HashSet<IFactor> _expected = [];
    private long _expectedBytes;
    private int _adapters;

    /// <summary>Bytes that a thread takes while it lays out a factor.</summary>
    public static long StripBytes => StripNumbers * (long)(sizeof(double) + sizeof(float));

    /// <summary>Upper bound on the bytes of the factors that are kept.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock)
                return Math.Min(_expectedBytes, MostBytes);
        }
    }

    private long MostBytes => Math.Min(BytesOfAdapter * _adapters, maxMemoryBytes / Share);

    /// <summary>Takes note that products with one more adapter will be computed.</summary>
    public void ExpectAdapter()
    {
        lock (_lock)
            _adapters++;
    }

    /// <summary>Takes note that products with a factor will be computed.</summary>
    /// <param name="factor">A factor that is small enough; see <see cref="Takes"/>.</param>
    public void Expect(IFactor factor)
    {
        lock (_lock)
        {
            if (_expected.Add(factor))
                _expectedBytes += BytesOf(factor);
        }
    }

    /// <summary>Whether a factor is small enough to be kept whole.</summary>
    public bool Takes(IFactor factor) => BytesOf(factor) <= Math.Min(LargestFactor, maxMemoryBytes / ShareOfFactor);

    /// <summary>Begins to use a factor that has been laid out and is there; null where it is not.</summary>
    /// <param name="factor">The factor.</param>
    public FactorUse? Find(IFactor factor)
    {
        lock (_lock)
        {
            if (EntryOf(factor) is not { Packed.IsValueCreated: true } entry)
                return null;
            entry.Users++;
            return Use(entry);
        }
    }

    /// <summary>Lays out a factor, or takes what is there, and begins to use it.</summary>
    /// <param name="factor">The factor.</param>
    /// <exception cref="DemException">DEM4003 (ReadFailed), DEM4005 (InputChanged).</exception>
    public FactorUse Of(IFactor factor)
    {
        Entry entry;
        lock (_lock)
        {
            entry = EntryOf(factor) ?? Add(factor);
            entry.Users++;
        }

        try
        {
            return Use(entry);
        }
        catch
        {
            End(entry);
            throw;
        }
    }

    /// <summary>Lays out some columns of a factor.</summary>
    /// <param name="factor">The factor.</param>
    /// <param name="first">Index of the first column.</param>
    /// <param name="columns">Number of columns.</param>
    /// <param name="memory">Memory of a factor of the same size that is not used any more; null for new memory.</param>
    /// <exception cref="DemException">DEM4003 (ReadFailed), DEM4005 (InputChanged).</exception>
    public static PackedFactor Pack(IFactor factor, int first, int columns, AlignedSingles? memory = null)
    {
        var packed = new PackedFactor(factor.Rows, columns, memory);
        int wide = Math.Clamp(StripNumbers / Math.Max(1, factor.Rows), 1, Math.Max(1, columns));
        double[] strip = ArrayPool<double>.Shared.Rent(wide * factor.Rows);
        try
        {
            for (int column = 0; column < columns; column += wide)
            {
                int count = Math.Min(wide, columns - column);
                factor.Read(0, factor.Rows, first + column, count, strip, count);
                packed.Set(column, count, strip);
            }
        }
        finally
        {
            ArrayPool<double>.Shared.Return(strip);
        }

        return packed;
    }

    private Entry? EntryOf(IFactor factor) => _recent.Find(entry => ReferenceEquals(entry.Factor, factor));

    private Entry Add(IFactor factor)
    {
        while (_recent.Count > 0 && (_recent.Count >= MostFactors || RecentBytes + BytesOf(factor) > MostBytes))
            RemoveOldest();
        AlignedSingles? memory = TakeFree(PackedFactor.NumbersOf(factor.Rows, factor.Columns));
        while (_free.Count > 0 && RecentBytes + BytesOf(factor) + FreeBytes > MostBytes)
            _free.RemoveAt(0);
        var entry = new Entry(factor, new Lazy<PackedFactor>(() => Pack(factor, 0, factor.Columns, memory)));
        _recent.Add(entry);
        return entry;
    }

    private void RemoveOldest()
    {
        Entry oldest = _recent[0];
        _recent.RemoveAt(0);
        oldest.IsKept = false;
        if (oldest.Users == 0)
            Free(oldest);
    }

    private FactorUse Use(Entry entry) => new(entry.Packed.Value, () => End(entry));

    private void End(Entry entry)
    {
        lock (_lock)
        {
            entry.Users--;
            if (entry is { Users: 0, IsKept: false })
                Free(entry);
        }
    }

    private void Free(Entry entry)
    {
        if (entry.Packed.IsValueCreated && RecentBytes + FreeBytes + BytesOf(entry.Factor) <= MostBytes)
            _free.Add(entry.Packed.Value.Memory);
    }

    private AlignedSingles? TakeFree(int numbers)
    {
        int place = _free.FindIndex(memory => memory.Length == numbers);
        if (place < 0)
            return null;
        AlignedSingles found = _free[place];
        _free.RemoveAt(place);
        return found;
    }

    private int MostFactors => FactorsOfAdapter * _adapters;

    private long RecentBytes => _recent.Sum(entry => BytesOf(entry.Factor));

    private long FreeBytes => _free.Sum(memory => (long)memory.Length * sizeof(float));

    private static long BytesOf(IFactor factor) => PackedFactor.BytesOf(factor.Rows, factor.Columns);

    /// <summary>A factor, and what it was laid out to.</summary>
    private sealed class Entry(IFactor factor, Lazy<PackedFactor> packed)
    {
        public IFactor Factor => factor;

        public Lazy<PackedFactor> Packed => packed;

        /// <summary>Number of uses that have not ended.</summary>
        public int Users { get; set; }

        /// <summary>Whether it is one of the recent factors.</summary>
        public bool IsKept { get; set; } = true;
    }
}
