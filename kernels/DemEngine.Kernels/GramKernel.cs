using DemEngine.Kernels.Elements;
using DemEngine.Numerics;
using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels;

/// <summary>Parameters of a launch of <see cref="GramKernel"/>. Tensors lie one after the other.</summary>
internal struct GramShape
{
    public long Elements;

    /// <summary>Distance between the starts of consecutive inputs, in units of 16 bytes.</summary>
    public long Stride;

    /// <summary>Number of vectors.</summary>
    public int Order;

    /// <summary>1 if the inputs are b, x₁ … xₙ and the vectors x₁ − b … xₙ − b, b; 0 if the vectors are the inputs.</summary>
    public int RelativeToBase;
}

/// <summary>Computes all pairwise dot products of vectors, leaf by leaf.</summary>
/// <remarks>
/// Arithmetic, in the order of <see cref="GramOrder"/>: each value is x, or x − b in double, rounded to binary32. Where the
/// inputs are at most binary32, that equals a subtraction in binary32, because 53 bits are enough for the double rounding to be
/// harmless. Element j of a leaf of 4096 belongs to lane j mod 256, a lane adds its exact double products in order of j, and
/// lanes are added by halves. Contraction (fusing a product with an addition) changes nothing. A thread group takes a leaf and
/// two pairs of vectors, brings the values of four rows of lanes at a time to shared memory with wide loads, and computes the
/// ten products. Up to four vectors are thus read once. With more, pairs of pairs overlap in products that are computed again to
/// the same bits. The group's size is free.
/// </remarks>
internal static class GramKernel
{
    private const int Lanes = GramOrder.Lanes;
    private const int LaneBits = 8;
    private const int Vectors = 4;
    private const int Pairs = Vectors * (Vectors + 1) / 2;

    // Rows of lanes that are in shared memory at a time: 16 KiB.
    private const int Rows = 4;
    private const int Chunk = Rows * Lanes;
    private const int ChunkGroups = Chunk / Eight.Count;

    /// <summary>Number of tasks into which a leaf is divided, each for one thread group.</summary>
    public static int TasksPerLeaf(int order)
    {
        int blocks = Blocks(order);
        return blocks * (blocks - 1) / 2;
    }

    public static void Run<TInput>(ArrayView<Words4> inputs, ArrayView<double> sums, GramShape shape)
        where TInput : unmanaged, IDeviceElement
    {
        var staged = SharedMemory.Allocate<Words4>(Vectors * Chunk / 4);
        ArrayView<float> values = staged.Cast<float>();
        var partial = SharedMemory.Allocate<double>(Pairs * Lanes);

        int blocks = Blocks(shape.Order);
        int tasks = blocks * (blocks - 1) / 2;

        // Tiles are so short that units are counted in 32 bits, of which devices divide much faster than of 64.
        uint units = (uint)((shape.Elements + GramOrder.LeafElements - 1) / GramOrder.LeafElements) * (uint)tasks;
        for (uint unit = (uint)Grid.IdxX; unit < units; unit += (uint)Grid.DimX)
        {
            uint leafIndex = unit / (uint)tasks;
            long leaf = leafIndex;
            int first = 0;
            int task = (int)(unit - (leafIndex * (uint)tasks));
            for (int row = blocks - 1; task >= row; row--)
            {
                task -= row;
                first++;
            }

            int second = first + 1 + task;

            for (int lane = Group.IdxX; lane < Pairs * Lanes; lane += Group.DimX)
                partial[lane] = 0;

            for (int chunk = 0; chunk < GramOrder.LeafElements / Chunk; chunk++)
            {
                long group = ((leaf * GramOrder.LeafElements) + (chunk * Chunk)) / Eight.Count;
                Stage<TInput>(inputs, staged, shape, group, 2 * first, 2 * second);
                Group.Barrier();
                for (int lane = Group.IdxX; lane < Lanes; lane += Group.DimX)
                    AddProducts(values, partial, lane);
                Group.Barrier();
            }

            AddLanes(partial);
            for (int pair = Group.IdxX; pair < Pairs; pair += Group.DimX)
                Write(partial[pair * Lanes], sums, shape.Order, leaf, pair, 2 * first, 2 * second);
            Group.Barrier();
        }
    }

    // At least 2, as a task is two blocks of two vectors.
    private static int Blocks(int order) => order <= Vectors ? 2 : (order + 1) / 2;

    /// <summary>Fills shared memory with the values of a chunk, and with zeros beyond the last vector or element.</summary>
    private static void Stage<TInput>(
        ArrayView<Words4> inputs, ArrayView<Words4> staged, GramShape shape, long firstGroup, int first, int second)
        where TInput : unmanaged, IDeviceElement
    {
        for (int at = Group.IdxX; at < Vectors * ChunkGroups; at += Group.DimX)
        {
            int slot = at / ChunkGroups;
            int inChunk = at % ChunkGroups;
            int vector = slot < 2 ? first + slot : second + slot - 2;
            long group = firstGroup + inChunk;
            long left = shape.Elements - (group * Eight.Count);
            EightFloats x = default;
            if (vector < shape.Order && left > 0)
            {
                bool isBase = vector == shape.Order - 1;
                int input = shape.RelativeToBase == 0 ? vector : isBase ? 0 : vector + 1;
                x = Value<TInput>(inputs, input * shape.Stride, shape.RelativeToBase != 0 && !isBase, group);
            }

            staged[2 * at] = new Words4(
                Single(x.E0, left > 0), Single(x.E1, left > 1), Single(x.E2, left > 2), Single(x.E3, left > 3));
            staged[(2 * at) + 1] = new Words4(
                Single(x.E4, left > 4), Single(x.E5, left > 5), Single(x.E6, left > 6), Single(x.E7, left > 7));
        }
    }

    /// <summary>Computes x, or x − b, in binary32.</summary>
    private static EightFloats Value<TInput>(ArrayView<Words4> inputs, long start, bool isRelative, long group)
        where TInput : unmanaged, IDeviceElement
    {
        if (TInput.FitsSingle)
        {
            EightFloats x = TInput.LoadSingles(inputs, start, group);
            if (isRelative)
                x = EightFloats.Subtract(x, TInput.LoadSingles(inputs, 0, group));
            return x;
        }

        Eight wide = TInput.Load(inputs, start, group);
        if (isRelative)
            wide = Eight.Subtract(wide, TInput.Load(inputs, 0, group));
        return Eight.Narrow(wide);
    }

    private static uint Single(float x, bool isThere) => Utilities.Select(isThere, Interop.FloatAsInt(x), 0u);

    /// <summary>Adds the products of a chunk's rows to a lane's ten sums.</summary>
    private static void AddProducts(ArrayView<float> values, ArrayView<double> partial, int lane)
    {
        double s00 = partial[lane];
        double s01 = partial[Lanes + lane];
        double s02 = partial[(2 * Lanes) + lane];
        double s03 = partial[(3 * Lanes) + lane];
        double s11 = partial[(4 * Lanes) + lane];
        double s12 = partial[(5 * Lanes) + lane];
        double s13 = partial[(6 * Lanes) + lane];
        double s22 = partial[(7 * Lanes) + lane];
        double s23 = partial[(8 * Lanes) + lane];
        double s33 = partial[(9 * Lanes) + lane];
        for (int j = lane; j < Chunk; j += Lanes)
        {
            double v0 = values[j];
            double v1 = values[Chunk + j];
            double v2 = values[(2 * Chunk) + j];
            double v3 = values[(3 * Chunk) + j];
            s00 += v0 * v0;
            s01 += v0 * v1;
            s02 += v0 * v2;
            s03 += v0 * v3;
            s11 += v1 * v1;
            s12 += v1 * v2;
            s13 += v1 * v3;
            s22 += v2 * v2;
            s23 += v2 * v3;
            s33 += v3 * v3;
        }

        partial[lane] = s00;
        partial[Lanes + lane] = s01;
        partial[(2 * Lanes) + lane] = s02;
        partial[(3 * Lanes) + lane] = s03;
        partial[(4 * Lanes) + lane] = s11;
        partial[(5 * Lanes) + lane] = s12;
        partial[(6 * Lanes) + lane] = s13;
        partial[(7 * Lanes) + lane] = s22;
        partial[(8 * Lanes) + lane] = s23;
        partial[(9 * Lanes) + lane] = s33;
    }

    /// <summary>Adds the lanes of all ten sums by halves.</summary>
    private static void AddLanes(ArrayView<double> partial)
    {
        for (int places = LaneBits - 1; places >= 0; places--)
        {
            int half = 1 << places;
            for (int at = Group.IdxX; at < Pairs * half; at += Group.DimX)
            {
                int lane = ((at >> places) * Lanes) + (at & (half - 1));
                partial[lane] += partial[lane + half];
            }

            Group.Barrier();
        }
    }

    private static void Write(double sum, ArrayView<double> sums, int order, long leaf, int pair, int first, int second)
    {
        // Pairs are numbered row after row: 4 in row 0, then 3, 2, 1.
        int row = pair < 4 ? 0 : pair < 7 ? 1 : pair < 9 ? 2 : 3;
        int column = pair - (row * Vectors) + (row * (row + 1) / 2);
        int i = row < 2 ? first + row : second + row - 2;
        int j = column < 2 ? first + column : second + column - 2;
        if (j < order)
            sums[(leaf * GramMatrix.PairCount(order)) + (i * order) - (i * (i - 1) / 2) + j - i] = sum;
    }
}
