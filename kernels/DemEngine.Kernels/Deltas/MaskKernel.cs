using DemEngine.Kernels.Elements;
using DemEngine.Numerics.Deltas;
using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels.Deltas;

/// <summary>Parameters of a launch of <see cref="MaskKernel"/>.</summary>
internal struct FilterShape
{
    public long Elements;

    /// <summary>Start of the source's differences, in units of 16 bytes.</summary>
    public long Start;

    /// <summary>Index of the first element in its tensor.</summary>
    public long First;

    public DeviceMask Filter;
}

/// <summary>Applies one source's mask to its differences, in place.</summary>
/// <remarks>
/// Arithmetic: <see cref="DeltaMask"/> and the types that derive from it. It is in integers but for binary32(|δ|·f), whose
/// product is exact in double, and for binary32(δ·2³² / threshold), an exact product and one quotient. Each thread takes groups
/// of eight elements, a grid apart. A stream's words come in blocks of four, which need not start where the groups do, so a group
/// may need three blocks.
/// </remarks>
internal static class MaskKernel
{
    public static void Run(ArrayView<Words4> deltas, ArrayView<Words4> ranks, ArrayView<float> factors, FilterShape shape)
    {
        long groups = (shape.Elements + Eight.Count - 1) / Eight.Count;
        long step = (long)Grid.DimX * Group.DimX;
        for (long group = ((long)Grid.IdxX * Group.DimX) + Group.IdxX; group < groups; group += step)
        {
            EightSingles values = EightSingles.Load(deltas, shape.Start, group);
            long index = shape.First + (group * Eight.Count);
            EightSingles words = default;
            if (shape.Filter.Kind == DeviceMask.Random || shape.Filter.Kind == DeviceMask.Ranked)
                words = Words(shape.Filter.Stream, (ulong)index);

            EightSingles ranksOf = default;
            if (shape.Filter.Kind == DeviceMask.Ranked)
                ranksOf = EightSingles.Load(ranks, 0, group);

            EightSingles kept = default;
            kept.Lower = Filter(values.Lower, words.Lower, ranksOf.Lower, index, factors, shape.Filter);
            kept.Upper = Filter(values.Upper, words.Upper, ranksOf.Upper, index + 4, factors, shape.Filter);
            kept.Store(deltas, shape.Start, group);
        }
    }

    private static Words4 Filter(
        Words4 values, Words4 words, Words4 ranks, long index, ArrayView<float> factors, DeviceMask filter) => new(
        Filter(values.W0, words.W0, ranks.W0, index, factors, filter),
        Filter(values.W1, words.W1, ranks.W1, index + 1, factors, filter),
        Filter(values.W2, words.W2, ranks.W2, index + 2, factors, filter),
        Filter(values.W3, words.W3, ranks.W3, index + 3, factors, filter));

    private static uint Filter(uint value, uint word, uint rank, long index, ArrayView<float> factors, DeviceMask filter)
    {
        uint key = DeviceKey.Of(value);
        if (filter.Kind == DeviceMask.Band)
        {
            bool isKept = IsAbove(filter.LeastKey, filter.LeastTie, key, index)
                & !IsAbove(filter.MostKey, filter.MostTie, key, index);
            return Utilities.Select(isKept, value, 0u);
        }

        if (filter.Kind == DeviceMask.Random)
            return Utilities.Select(word < filter.Threshold, value, 0u);

        if (filter.Kind == DeviceMask.Ranked)
        {
            ulong threshold = filter.Threshold + ((filter.Step * rank) >> 30);
            uint result = value;
            if (filter.IsUnbiased != 0)
                result = Interop.FloatAsInt((float)(Interop.IntAsFloat(value) * 4294967296.0 / threshold));
            return Utilities.Select(word < threshold, result, 0u);
        }

        if (filter.Kind == DeviceMask.Importance)
        {
            // Elements after the last row are padding.
            long row = (index / filter.RowElements) - filter.FirstRow;
            float factor = factors[Utilities.Select(row < factors.Length, row, 0L)];
            return Utilities.Select(
                IsAbove(filter.LeastKey, filter.LeastTie, DeviceKey.OfImportance(value, factor), index), value, 0u);
        }

        if (filter.Kind == DeviceMask.Limit)
        {
            uint magnitude = value & 0x7FFF_FFFF;
            bool isBeyond = (magnitude > filter.LimitBits) & (magnitude <= 0x7F80_0000);
            return Utilities.Select(isBeyond, (value & 0x8000_0000) | filter.LimitBits, value);
        }

        return value;
    }

    private static bool IsAbove(uint cut, long lastTie, uint key, long index) =>
        (key > cut) | ((key == cut) & (index <= lastTie));

    /// <summary>Computes the eight words of a stream from an index on.</summary>
    private static EightSingles Words(ulong stream, ulong index)
    {
        Words4 first = DevicePhilox.Block(stream, index / 4);
        Words4 second = DevicePhilox.Block(stream, (index / 4) + 1);
        uint shift = (uint)(index & 3);
        if (shift == 0)
            return new EightSingles { Lower = first, Upper = second };

        Words4 third = DevicePhilox.Block(stream, (index / 4) + 2);
        return new EightSingles { Lower = Shifted(first, second, shift), Upper = Shifted(second, third, shift) };
    }

    private static Words4 Shifted(Words4 a, Words4 b, uint shift)
    {
        if (shift == 1)
            return new Words4(a.W1, a.W2, a.W3, b.W0);
        return shift == 2 ? new Words4(a.W2, a.W3, b.W0, b.W1) : new Words4(a.W3, b.W0, b.W1, b.W2);
    }
}
