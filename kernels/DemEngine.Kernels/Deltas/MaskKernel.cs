using DemEngine.Kernels.Elements;
using ILGPU;

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
/// Arithmetic: <see cref="DeviceMask.Apply"/>. Each thread takes groups of eight elements, a grid apart. A stream's words come in
/// blocks of four, which need not start where the groups do, so a group may need three blocks.
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
            if (DeviceMask.NeedsWords(shape.Filter.Kind))
                words = Words(shape.Filter.Stream, (ulong)index);

            EightSingles ranksOf = default;
            if (DeviceMask.NeedsRanks(shape.Filter.Kind))
                ranksOf = EightSingles.Load(ranks, 0, group);

            EightSingles kept = default;
            uint inPart = (uint)(group * Eight.Count);
            kept.Lower = Filter(values.Lower, words.Lower, ranksOf.Lower, index, inPart, factors, shape.Filter);
            kept.Upper = Filter(values.Upper, words.Upper, ranksOf.Upper, index + 4, inPart + 4, factors, shape.Filter);
            kept.Store(deltas, shape.Start, group);
        }
    }

    private static Words4 Filter(
        Words4 values, Words4 words, Words4 ranks, long index, uint inPart, ArrayView<float> factors, DeviceMask filter) => new(
        DeviceMask.Apply(values.W0, words.W0, ranks.W0, index, inPart, factors, filter),
        DeviceMask.Apply(values.W1, words.W1, ranks.W1, index + 1, inPart + 1, factors, filter),
        DeviceMask.Apply(values.W2, words.W2, ranks.W2, index + 2, inPart + 2, factors, filter),
        DeviceMask.Apply(values.W3, words.W3, ranks.W3, index + 3, inPart + 3, factors, filter));

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
