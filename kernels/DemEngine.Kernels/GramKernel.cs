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
/// two pairs of vectors, brings the values of four rows of lanes at a time to shared memory with wide loads, and computes as many
/// products as there are pairs. Up to four vectors are thus read once. With more, pairs of pairs overlap in products that are
/// computed again to the same bits. The group's size is free.
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
    private const int ChunkGroupBits = 7;

    // In shared memory, the first halves of a vector's groups of eight lie before all second halves, in units of 16 bytes. So
    // neighbouring threads write neighbouring units. The gap puts second halves in the other 16 of the 32 banks, for the readers.
    private const int HalfUnits = ChunkGroups + 4;
    private const int VectorUnits = 2 * HalfUnits;

    // From one vector or row of lanes to the next, in elements.
    private const int VectorStep = VectorUnits * 4;
    private const int RowStep = Lanes / 2;

    /// <summary>Number of tasks into which a leaf is divided, each for one thread group.</summary>
    public static int TasksPerLeaf(int order)
    {
        int blocks = Blocks(order);
        return blocks * (blocks - 1) / 2;
    }

    public static void Run<TInput>(ArrayView<Words4> inputs, ArrayView<double> sums, GramShape shape)
        where TInput : unmanaged, IDeviceElement
    {
        var staged = SharedMemory.Allocate<Words4>(Vectors * VectorUnits);
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

            int count = 4;
            if (shape.Order <= (2 * second) + 1)
                count = shape.Order <= 2 * second ? 2 : 3;
            int pairs = count * (count + 1) / 2;
            for (int lane = Group.IdxX; lane < pairs * Lanes; lane += Group.DimX)
                partial[lane] = 0;

            for (int chunk = 0; chunk < GramOrder.LeafElements / Chunk; chunk++)
            {
                long group = ((leaf * GramOrder.LeafElements) + (chunk * Chunk)) / Eight.Count;
                Stage<TInput>(inputs, staged, shape, group, 2 * first, 2 * second);
                Group.Barrier();
                for (int lane = Group.IdxX; lane < Lanes; lane += Group.DimX)
                {
                    if (count == 2)
                        AddProducts<GramSums.Two>(values, partial, lane);
                    else if (count == 3)
                        AddProducts<GramSums.Three>(values, partial, lane);
                    else
                        AddProducts<GramSums.Four>(values, partial, lane);
                }

                Group.Barrier();
            }

            AddLanes(partial, pairs);
            for (int pair = Group.IdxX; pair < pairs; pair += Group.DimX)
                Write(partial[pair * Lanes], sums, shape.Order, leaf, pair, 2 * first, 2 * second);
            Group.Barrier();
        }
    }

    // At least 2, as a task is two blocks of two vectors.
    private static int Blocks(int order) => order <= Vectors ? 2 : (order + 1) / 2;

    /// <summary>
    /// Fills shared memory with the values of a chunk, and with zeros beyond the last element. A thread brings eight elements of
    /// two vectors, for which it reads the base once.
    /// </summary>
    private static void Stage<TInput>(
        ArrayView<Words4> inputs, ArrayView<Words4> staged, GramShape shape, long firstGroup, int first, int second)
        where TInput : unmanaged, IDeviceElement
    {
        for (int at = Group.IdxX; at < 2 * ChunkGroups; at += Group.DimX)
        {
            int pair = at >> ChunkGroupBits;
            int inChunk = at & (ChunkGroups - 1);
            int vector = Utilities.Select(pair == 0, first, second);
            if (pair != 0 && vector >= shape.Order)
                continue;

            long group = firstGroup + inChunk;
            long left = shape.Elements - (group * Eight.Count);
            EightFloats x = default;
            EightFloats y = default;
            if (left > 0)
            {
                EightFloats b = default;
                if (TInput.FitsSingle && shape.RelativeToBase != 0)
                    b = TInput.LoadSingles(inputs, 0, group);
                x = Value<TInput>(inputs, shape, vector, group, b);
                if (vector + 1 < shape.Order)
                    y = Value<TInput>(inputs, shape, vector + 1, group, b);
            }

            int unit = (2 * pair * VectorUnits) + inChunk;
            Put(staged, unit, x, left);
            Put(staged, unit + VectorUnits, y, left);
        }
    }

    /// <summary>Writes eight values, of which those beyond the last element are zeros.</summary>
    private static void Put(ArrayView<Words4> staged, int unit, EightFloats x, long left)
    {
        if (left >= Eight.Count)
        {
            staged[unit] = new Words4(Bits(x.E0), Bits(x.E1), Bits(x.E2), Bits(x.E3));
            staged[unit + HalfUnits] = new Words4(Bits(x.E4), Bits(x.E5), Bits(x.E6), Bits(x.E7));
            return;
        }

        staged[unit] = new Words4(
            Bits(x.E0, left > 0), Bits(x.E1, left > 1), Bits(x.E2, left > 2), Bits(x.E3, left > 3));
        staged[unit + HalfUnits] = new Words4(
            Bits(x.E4, left > 4), Bits(x.E5, left > 5), Bits(x.E6, left > 6), Bits(x.E7, left > 7));
    }

    /// <summary>
    /// Computes eight elements of a vector: x, or x − b, in binary32. What <paramref name="b"/> has is used where all values are
    /// binary32 values.
    /// </summary>
    private static EightFloats Value<TInput>(ArrayView<Words4> inputs, GramShape shape, int vector, long group, EightFloats b)
        where TInput : unmanaged, IDeviceElement
    {
        bool isRelative = shape.RelativeToBase != 0;
        bool isBase = isRelative && vector == shape.Order - 1;
        long start = Utilities.Select(isBase, 0, vector + shape.RelativeToBase) * shape.Stride;
        if (!TInput.FitsSingle)
        {
            Eight wide = TInput.Load(inputs, start, group);
            if (isRelative && !isBase)
                wide = Eight.Subtract(wide, TInput.Load(inputs, 0, group));
            return Eight.Narrow(wide);
        }

        if (isBase)
            return b;
        EightFloats x = TInput.LoadSingles(inputs, start, group);
        if (isRelative)
            x = EightFloats.Subtract(x, b);
        return x;
    }

    private static uint Bits(float x) => Interop.FloatAsInt(x);

    private static uint Bits(float x, bool isThere) => Utilities.Select(isThere, Interop.FloatAsInt(x), 0u);

    /// <summary>Adds the products of a chunk's rows to a lane's sums.</summary>
    private static void AddProducts<TVectors>(ArrayView<float> values, ArrayView<double> partial, int lane)
        where TVectors : unmanaged, IVectorCount
    {
        // Lane 8·g + 4·h + e reads element e of half h of group g. What follows are constants beside that place.
        int at = (((((lane >> 2) & 1) * HalfUnits) + (lane >> 3)) * 4) + (lane & 3);
        ArrayView<float> ofLane = values.SubView(at, values.Length - at);
        ArrayView<double> sumsOfLane = partial.SubView(lane, partial.Length - lane);
        GramSums sums = GramSums.Load<TVectors>(sumsOfLane);
        sums = AddRow<TVectors>(sums, ofLane, 0);
        sums = AddRow<TVectors>(sums, ofLane, RowStep);
        sums = AddRow<TVectors>(sums, ofLane, 2 * RowStep);
        sums = AddRow<TVectors>(sums, ofLane, 3 * RowStep);
        GramSums.Store<TVectors>(sums, sumsOfLane);
    }

    private static GramSums AddRow<TVectors>(GramSums sums, ArrayView<float> ofLane, int at)
        where TVectors : unmanaged, IVectorCount
    {
        double v2 = 0;
        double v3 = 0;
        if (TVectors.Count > 2)
            v2 = ofLane[(2 * VectorStep) + at];
        if (TVectors.Count > 3)
            v3 = ofLane[(3 * VectorStep) + at];
        return GramSums.Add<TVectors>(sums, ofLane[at], ofLane[VectorStep + at], v2, v3);
    }

    /// <summary>Adds the lanes of all sums by halves.</summary>
    private static void AddLanes(ArrayView<double> partial, int pairs)
    {
        for (int places = LaneBits - 1; places >= 0; places--)
        {
            int half = 1 << places;
            for (int at = Group.IdxX; at < pairs * half; at += Group.DimX)
            {
                int lane = ((at >> places) * Lanes) + (at & (half - 1));
                partial[lane] += partial[lane + half];
            }

            Group.Barrier();
        }
    }

    private static void Write(double sum, ArrayView<double> sums, int order, long leaf, int pair, int first, int second)
    {
        // Pairs are numbered column after column: 1 in column 0, then 2, 3, 4. So those of fewer vectors come first.
        int column = pair < 1 ? 0 : pair < 3 ? 1 : pair < 6 ? 2 : 3;
        int row = pair - (column * (column + 1) / 2);
        int i = row < 2 ? first + row : second + row - 2;
        int j = column < 2 ? first + column : second + column - 2;
        if (j < order)
            sums[(leaf * GramMatrix.PairCount(order)) + (i * order) - (i * (i - 1) / 2) + j - i] = sum;
    }
}
