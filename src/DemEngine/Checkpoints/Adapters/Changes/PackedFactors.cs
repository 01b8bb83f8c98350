using System.Buffers;
using DemEngine.Numerics.LowRank;

namespace DemEngine.Checkpoints.Adapters.Changes;

/// <summary>
/// The right factors that products of a run's adapters were last computed from, in the layout in which they are computed. Parts
/// of a product are asked for one after the other, by several threads, and each would otherwise read and convert its whole
/// factor.
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
    private readonly List<(IFactor Factor, Lazy<PackedFactor> Packed)> _recent = [];
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

    /// <summary>Returns a factor that has been laid out and is there; null where it is not.</summary>
    /// <param name="factor">The factor.</param>
    public PackedFactor? Find(IFactor factor)
    {
        lock (_lock)
        {
            return PlaceOf(factor) is >= 0 and var place && _recent[place].Packed.IsValueCreated
                ? _recent[place].Packed.Value
                : null;
        }
    }

    /// <summary>Lays out a factor, or returns what is there.</summary>
    /// <param name="factor">The factor.</param>
    /// <exception cref="DemException">DEM4003 (ReadFailed), DEM4005 (InputChanged).</exception>
    public PackedFactor Of(IFactor factor)
    {
        Lazy<PackedFactor>? packed = null;
        lock (_lock)
        {
            int place = PlaceOf(factor);
            if (place >= 0)
            {
                packed = _recent[place].Packed;
            }
            else
            {
                packed = new Lazy<PackedFactor>(() => Pack(factor, 0, factor.Columns));
                while (_recent.Count > 0 && (_recent.Count >= FactorsOfAdapter * _adapters
                    || _recent.Sum(recent => BytesOf(recent.Factor)) + BytesOf(factor) > MostBytes))
                    _recent.RemoveAt(0);
                _recent.Add((factor, packed));
            }
        }

        return packed.Value;
    }

    /// <summary>Lays out some columns of a factor.</summary>
    /// <param name="factor">The factor.</param>
    /// <param name="first">Index of the first column.</param>
    /// <param name="columns">Number of columns.</param>
    /// <exception cref="DemException">DEM4003 (ReadFailed), DEM4005 (InputChanged).</exception>
    public static PackedFactor Pack(IFactor factor, int first, int columns)
    {
        var packed = new PackedFactor(factor.Rows, columns);
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

    private int PlaceOf(IFactor factor) => _recent.FindIndex(recent => ReferenceEquals(recent.Factor, factor));

    private static long BytesOf(IFactor factor) => PackedFactor.BytesOf(factor.Rows, factor.Columns);
}
