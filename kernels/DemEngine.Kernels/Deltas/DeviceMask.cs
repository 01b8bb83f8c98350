using DemEngine.Numerics.Deltas;

namespace DemEngine.Kernels.Deltas;

/// <summary>
/// A <see cref="DeltaMask"/> in the form that the kernel reads: a number for its kind, and fields that each kind uses as it
/// needs.
/// </summary>
internal struct DeviceMask
{
    public const int None = 0;
    public const int Band = 1;
    public const int Random = 2;
    public const int Ranked = 3;
    public const int Importance = 4;
    public const int Limit = 5;

    public int Kind;

    /// <summary>Not 0 if a ranked mask divides the differences that it keeps by their probability.</summary>
    public int IsUnbiased;

    public uint LeastKey;
    public uint MostKey;
    public long LeastTie;
    public long MostTie;

    public ulong Stream;

    /// <summary>Threshold of a random mask, or the lowest threshold of a ranked one; see <see cref="BernoulliMask"/>.</summary>
    public ulong Threshold;

    public ulong Step;

    public uint LimitBits;

    /// <summary>Number of elements in a row; for importances only.</summary>
    public long RowElements;

    /// <summary>Index of the row to which the first of the factors belongs.</summary>
    public long FirstRow;

    /// <summary>Converts a mask to the form that the kernel reads.</summary>
    public static DeviceMask Of(DeltaMask filter) => filter switch
    {
        KeepAll => default,
        MagnitudeMask band => new DeviceMask
        {
            Kind = Band,
            LeastKey = band.Least.Key,
            LeastTie = band.Least.LastTie,
            MostKey = band.Most.Key,
            MostTie = band.Most.LastTie,
        },
        BernoulliMask random => new DeviceMask { Kind = Random, Stream = random.Stream, Threshold = random.Threshold },
        MagPruneMask ranked => new DeviceMask
        {
            Kind = Ranked,
            Stream = ranked.Stream,
            Threshold = ranked.Lowest,
            Step = ranked.Step,
            IsUnbiased = ranked.IsUnbiased ? 1 : 0,
        },
        ImportanceMask importance => new DeviceMask
        {
            Kind = Importance,
            LeastKey = importance.Least.Key,
            LeastTie = importance.Least.LastTie,
            RowElements = importance.Factors.RowElements,
        },
        LimitMask limit => new DeviceMask { Kind = Limit, LimitBits = BitConverter.SingleToUInt32Bits(limit.Limit) },
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter.GetType(), "not a known filter"),
    };
}
