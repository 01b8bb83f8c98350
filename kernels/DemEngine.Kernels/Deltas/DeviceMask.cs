using DemEngine.Numerics.Deltas;

namespace DemEngine.Kernels.Deltas;

/// <summary>A <see cref="DeltaMask"/> as the kernel reads it: a number for its kind, and numbers that each kind takes as it needs them.</summary>
internal struct DeviceMask
{
    public const int None = 0;
    public const int Band = 1;
    public const int Random = 2;
    public const int Ranked = 3;
    public const int Importance = 4;
    public const int Limit = 5;

    public int Kind;

    /// <summary>Not 0 if what a ranked filter keeps is divided by its probability.</summary>
    public int IsUnbiased;

    public uint LeastKey;
    public uint MostKey;
    public long LeastTie;
    public long MostTie;

    public ulong Stream;

    /// <summary>Of a random filter; the lowest of a ranked one.</summary>
    public ulong Threshold;

    public ulong Step;

    public uint LimitBits;

    /// <summary>Elements in a row, of an importance.</summary>
    public long RowElements;

    /// <summary>The row that the first of the factors is of.</summary>
    public long FirstRow;

    /// <summary>How a filter is told to the kernel.</summary>
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
