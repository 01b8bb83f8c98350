using DemEngine.Numerics;
using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels.Deltas;

/// <summary>Parameters of a launch of <see cref="OverlapKernel"/>.</summary>
internal struct OverlapShape
{
    public long Elements;

    /// <summary>Distance between the differences of consecutive sources, in units of 4 bytes.</summary>
    public long Stride;

    public int Sources;

    /// <summary>Index of the source whose differences are counted.</summary>
    public int Source;
}

/// <summary>
/// Counts, leaf by leaf, the differences of one source that are not 0 where all others' are, and where another's is not 0 either.
/// </summary>
/// <remarks>Counts are integers, so their order does not matter. A thread group takes a leaf; its size is free.</remarks>
internal static class OverlapKernel
{
    public static void Run(ArrayView<uint> deltas, ArrayView<double> sums, OverlapShape shape)
    {
        var counts = SharedMemory.Allocate<int>(2);
        long leaves = (shape.Elements + GramOrder.LeafElements - 1) / GramOrder.LeafElements;
        for (long leaf = Grid.IdxX; leaf < leaves; leaf += Grid.DimX)
        {
            if (Group.IdxX == 0)
            {
                counts[0] = 0;
                counts[1] = 0;
            }

            Group.Barrier();
            long first = leaf * GramOrder.LeafElements;
            int alone = 0;
            int shared = 0;
            for (int j = Group.IdxX; j < GramOrder.LeafElements && first + j < shape.Elements; j += Group.DimX)
            {
                int there = 0;
                for (int k = 0; k < shape.Sources; k++)
                    there += Utilities.Select((deltas[(k * shape.Stride) + first + j] & 0x7FFF_FFFF) != 0, 1, 0);
                bool isThere = (deltas[(shape.Source * shape.Stride) + first + j] & 0x7FFF_FFFF) != 0;
                alone += Utilities.Select(isThere & (there == 1), 1, 0);
                shared += Utilities.Select(isThere & (there > 1), 1, 0);
            }

            Atomic.Add(ref counts[0], alone);
            Atomic.Add(ref counts[1], shared);
            Group.Barrier();
            if (Group.IdxX == 0)
            {
                sums[(leaf * 2 * shape.Sources) + (2 * shape.Source)] = counts[0];
                sums[(leaf * 2 * shape.Sources) + (2 * shape.Source) + 1] = counts[1];
            }

            Group.Barrier();
        }
    }
}
