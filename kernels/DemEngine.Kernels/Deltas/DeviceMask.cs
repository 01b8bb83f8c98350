using DemEngine.Kernels.Elements;
using DemEngine.Numerics.Deltas;
using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels.Deltas;

/// <summary>
/// A <see cref="DeltaMask"/> in the form that the kernel reads: a number for its kind, and fields that each kind uses as it
/// needs; and what each kind does.
/// </summary>
internal struct DeviceMask
{
    private const int Band = 1;
    private const int Random = 2;
    private const int Ranked = 3;
    private const int Importance = 4;
    private const int Limit = 5;

    /// <summary>Kind of the mask; 0 keeps every difference.</summary>
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

    /// <summary>Rows of the tensor; for importances only.</summary>
    public DeviceRows Rows;

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
        },
        LimitMask limit => new DeviceMask { Kind = Limit, LimitBits = BitConverter.SingleToUInt32Bits(limit.Limit) },
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter.GetType(), "not a known filter"),
    };

    /// <summary>Whether a kind needs a random word for each element.</summary>
    public static bool NeedsWords(int kind) => kind == Random || kind == Ranked;

    /// <summary>Whether a kind needs the elements' ranks in their rows.</summary>
    public static bool NeedsRanks(int kind) => kind == Ranked;

    /// <summary>Applies a mask to one difference.</summary>
    /// <remarks>
    /// Arithmetic: the types that derive from <see cref="DeltaMask"/>. It is in integers but for binary32(|δ|·f), whose product
    /// is exact in double, and for binary32(δ·2³² / threshold), an exact product and one quotient.
    /// </remarks>
    /// <param name="value">Bits of the difference.</param>
    /// <param name="word">Random word of the element, where the kind needs it.</param>
    /// <param name="rank">Rank of the element in its row, where the kind needs it.</param>
    /// <param name="index">Index of the element in its tensor.</param>
    /// <param name="inPart">Index of the element in the part of the tensor that is on the device.</param>
    /// <param name="factors">Factors of the tile's rows, where the kind needs them.</param>
    /// <param name="filter">The mask.</param>
    /// <returns>Bits of D.</returns>
    public static uint Apply(
        uint value, uint word, uint rank, long index, uint inPart, ArrayView<float> factors, DeviceMask filter)
    {
        // What is not finite is kept by every mask.
        uint masked = OfFinite(value, word, rank, index, inPart, factors, filter);
        return Utilities.Select((value & 0x7FFF_FFFF) < 0x7F80_0000, masked, value);
    }

    private static uint OfFinite(
        uint value, uint word, uint rank, long index, uint inPart, ArrayView<float> factors, DeviceMask filter)
    {
        uint key = DeviceKey.Of(value);
        if (filter.Kind == Band)
        {
            bool isKept = IsAbove(filter.LeastKey, filter.LeastTie, key, index)
                & !IsAbove(filter.MostKey, filter.MostTie, key, index);
            return Utilities.Select(isKept, value, 0u);
        }

        if (filter.Kind == Random)
            return Utilities.Select(word < filter.Threshold, value, 0u);

        if (filter.Kind == Ranked)
        {
            ulong threshold = filter.Threshold + ((filter.Step * rank) >> 30);
            uint result = value;
            if (filter.IsUnbiased != 0)
                result = Interop.FloatAsInt((float)(Interop.IntAsFloat(value) * 4294967296.0 / threshold));
            return Utilities.Select(word < threshold, result, 0u);
        }

        if (filter.Kind == Importance)
        {
            // Elements after the last row are padding.
            long row = filter.Rows.RowOf(inPart);
            float factor = factors[Utilities.Select(row < factors.Length, row, 0L)];
            return Utilities.Select(
                IsAbove(filter.LeastKey, filter.LeastTie, DeviceKey.OfImportance(value, factor), index), value, 0u);
        }

        if (filter.Kind == Limit)
        {
            bool isBeyond = (value & 0x7FFF_FFFF) > filter.LimitBits;
            return Utilities.Select(isBeyond, (value & 0x8000_0000) | filter.LimitBits, value);
        }

        return value;
    }

    private static bool IsAbove(uint cut, long lastTie, uint key, long index) =>
        (key > cut) | ((key == cut) & (index <= lastTie));
}
