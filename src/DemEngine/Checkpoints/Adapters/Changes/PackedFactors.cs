using System.Buffers;
using DemEngine.Numerics.LowRank;

namespace DemEngine.Checkpoints.Adapters.Changes;

/// <summary>
/// The right factors that an adapter's products were last computed from, in the layout in which they are computed. Parts of a
/// product are asked for one after the other, by several threads, and each would otherwise read and convert its whole factor.
/// </summary>
internal sealed class PackedFactors
{
    // Threads work on a few neighbouring tensors at a time.
    private const int MostFactors = 4;
    private const long MostBytes = 32 << 20;

    // Numbers that are read at a time.
    private const int StripNumbers = 1 << 18;

    private readonly Lock _lock = new();
    private readonly List<(IFactor Factor, Lazy<PackedFactor> Packed)> _recent = [];

    /// <summary>Lays out a factor, or returns what is there.</summary>
    /// <param name="factor">The factor.</param>
    /// <exception cref="DemException">DEM4003 (ReadFailed), DEM4005 (InputChanged).</exception>
    public PackedFactor Of(IFactor factor)
    {
        Lazy<PackedFactor>? packed = null;
        lock (_lock)
        {
            int place = _recent.FindIndex(recent => ReferenceEquals(recent.Factor, factor));
            if (place >= 0)
            {
                packed = _recent[place].Packed;
            }
            else
            {
                packed = new Lazy<PackedFactor>(() => Pack(factor, 0, factor.Columns));
                _recent.Add((factor, packed));
                while (_recent.Count > MostFactors || (_recent.Count > 1 && _recent.Sum(BytesOf) > MostBytes))
                    _recent.RemoveAt(0);
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
                for (int row = 0; row < factor.Rows; row++)
                    packed.Set(row, column, strip.AsSpan(row * count, count));
            }
        }
        finally
        {
            ArrayPool<double>.Shared.Return(strip);
        }

        return packed;
    }

    private static long BytesOf((IFactor Factor, Lazy<PackedFactor> Packed) recent) =>
        (long)recent.Factor.Rows * recent.Factor.Columns * sizeof(float);
}
