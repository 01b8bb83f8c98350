using DemEngine.Kernels.Elements;
using DemEngine.Numerics.Deltas;
using ILGPU;

namespace DemEngine.Kernels.Deltas;

/// <summary>What a launch of <see cref="CountKernel"/> works on.</summary>
internal struct CountShape
{
    public const int OfMagnitudes = 0;
    public const int OfImportances = 1;
    public const int OfKeys = 2;

    public long Elements;

    /// <summary>Index of the first element in its tensor.</summary>
    public long First;

    /// <summary>From what the keys are made.</summary>
    public int Kind;

    /// <summary>Elements in a row, of importances.</summary>
    public long RowElements;

    /// <summary>The row that the first of the factors is of.</summary>
    public long FirstRow;

    /// <summary>The window; see <see cref="KeyWindow"/>.</summary>
    public uint WindowFirst;

    public int WindowShift;

    public int WindowBins;
}

/// <summary>Counts the keys of one stream in the bins of a window.</summary>
/// <remarks>
/// Whole numbers, added by atomic operations, so that no order shows. Each thread takes groups of eight elements, a grid apart. The bins of a wide
/// window do not fit shared memory; of what lies in one, most elements' counts go to some thousands of them.
/// </remarks>
internal static class CountKernel
{
    public static void Run(ArrayView<Words4> deltas, ArrayView<float> factors, ArrayView<uint> bins, CountShape shape)
    {
        long groups = (shape.Elements + Eight.Count - 1) / Eight.Count;
        long step = (long)Grid.DimX * Group.DimX;
        for (long group = ((long)Grid.IdxX * Group.DimX) + Group.IdxX; group < groups; group += step)
        {
            EightSingles values = EightSingles.Load(deltas, 0, group);
            long index = group * Eight.Count;
            Count(values.Lower, index, factors, bins, shape);
            Count(values.Upper, index + 4, factors, bins, shape);
        }
    }

    private static void Count(Words4 values, long index, ArrayView<float> factors, ArrayView<uint> bins, CountShape shape)
    {
        Count(values.W0, index, factors, bins, shape);
        Count(values.W1, index + 1, factors, bins, shape);
        Count(values.W2, index + 2, factors, bins, shape);
        Count(values.W3, index + 3, factors, bins, shape);
    }

    private static void Count(uint value, long index, ArrayView<float> factors, ArrayView<uint> bins, CountShape shape)
    {
        if (index >= shape.Elements)
            return;

        uint key = value;
        if (shape.Kind == CountShape.OfMagnitudes)
            key = DeviceKey.Of(value);
        if (shape.Kind == CountShape.OfImportances)
            key = DeviceKey.OfImportance(value, factors[((shape.First + index) / shape.RowElements) - shape.FirstRow]);

        long bin = (key - shape.WindowFirst) >> shape.WindowShift;
        if (key >= shape.WindowFirst && bin < shape.WindowBins)
            Atomic.Add(ref bins[bin], 1u);
    }
}
