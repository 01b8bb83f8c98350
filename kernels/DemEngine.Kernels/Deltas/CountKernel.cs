using DemEngine.Kernels.Elements;
using DemEngine.Numerics.Deltas;
using ILGPU;

namespace DemEngine.Kernels.Deltas;

/// <summary>Parameters of a launch of <see cref="CountKernel"/>.</summary>
internal struct CountShape
{
    public const int OfMagnitudes = 0;
    public const int OfImportances = 1;
    public const int OfKeys = 2;

    public long Elements;

    /// <summary>Kind of keys: <see cref="OfMagnitudes"/>, <see cref="OfImportances"/> or <see cref="OfKeys"/>.</summary>
    public int Kind;

    /// <summary>Rows of the tensor; for importances only.</summary>
    public DeviceRows Rows;

    /// <summary>The smallest key of the window. See <see cref="KeyWindow"/>.</summary>
    public uint WindowFirst;

    public int WindowShift;

    public int WindowBins;

    /// <summary>
    /// 1 if the counts of all keys are followed by as many counts of the keys that are the smallest of their bin, else 0.
    /// </summary>
    public int CountsFirsts;
}

/// <summary>Counts the keys of one stream in the bins of a window.</summary>
/// <remarks>
/// Counts are integers, added by atomic operations, so the order of additions does not matter. Each thread takes groups of eight
/// elements, a grid apart. The bins of a wide window do not fit shared memory, and most of its elements spread over some
/// thousands of bins. With a single bin, each thread counts in a register of its own.
/// </remarks>
internal static class CountKernel
{
    public static void Run(ArrayView<Words4> deltas, ArrayView<float> factors, ArrayView<uint> bins, CountShape shape)
    {
        long groups = (shape.Elements + Eight.Count - 1) / Eight.Count;
        long step = (long)Grid.DimX * Group.DimX;
        uint own = 0;
        for (long group = ((long)Grid.IdxX * Group.DimX) + Group.IdxX; group < groups; group += step)
        {
            EightSingles values = EightSingles.Load(deltas, 0, group);
            long index = group * Eight.Count;
            own += Count(values.Lower, index, factors, bins, shape);
            own += Count(values.Upper, index + 4, factors, bins, shape);
        }

        if (own > 0)
            Atomic.Add(ref bins[0], own);
    }

    private static uint Count(Words4 values, long index, ArrayView<float> factors, ArrayView<uint> bins, CountShape shape)
    {
        return Count(values.W0, index, factors, bins, shape)
            + Count(values.W1, index + 1, factors, bins, shape)
            + Count(values.W2, index + 2, factors, bins, shape)
            + Count(values.W3, index + 3, factors, bins, shape);
    }

    /// <returns>1 if the key belongs to the only bin, which the caller counts; else 0.</returns>
    private static uint Count(uint value, long index, ArrayView<float> factors, ArrayView<uint> bins, CountShape shape)
    {
        if (index >= shape.Elements)
            return 0;

        uint key = value;
        if (shape.Kind == CountShape.OfMagnitudes)
            key = DeviceKey.Of(value);
        if (shape.Kind == CountShape.OfImportances)
            key = DeviceKey.OfImportance(value, factors[(long)shape.Rows.RowOf((uint)index)]);

        uint offset = key - shape.WindowFirst;
        long bin = offset >> shape.WindowShift;
        if (key < shape.WindowFirst || bin >= shape.WindowBins)
            return 0;
        if (shape.WindowBins == 1 && shape.CountsFirsts == 0)
            return 1;

        Atomic.Add(ref bins[bin], 1u);
        if (shape.CountsFirsts != 0 && (uint)bin << shape.WindowShift == offset)
            Atomic.Add(ref bins[bin + shape.WindowBins], 1u);
        return 0;
    }
}
