using ILGPU;

namespace DemEngine.Kernels.Rows;

/// <summary>Computes the rank of each element in its row from the row's sorted pieces.</summary>
/// <remarks>
/// The rank is the number of smaller numbers (see <see cref="RowSortKernel"/>): in each piece of the row those before the place
/// that a binary search finds. Each thread takes numbers a grid apart.
/// </remarks>
internal static class RowRankKernel
{
    public static void Run(ArrayView<ulong> sorted, ArrayView<uint> ranks, RowSortShape shape)
    {
        int rowNumbers = shape.Pieces * shape.Piece;
        int count = shape.Rows * rowNumbers;
        int step = Grid.DimX * Group.DimX;
        for (int at = (Grid.IdxX * Group.DimX) + Group.IdxX; at < count; at += step)
        {
            ulong own = sorted[(long)at];
            if (own == RowSortKernel.Nothing)
                continue;

            int row = at / rowNumbers;
            int smaller = 0;
            for (int piece = 0; piece < shape.Pieces; piece++)
                smaller += Smaller(sorted, (row * rowNumbers) + (piece * shape.Piece), shape.Piece, own);
            ranks[((long)row * shape.RowElements) + ~(uint)own] = (uint)smaller;
        }
    }

    /// <summary>Counts the numbers of a piece that are smaller than a number.</summary>
    private static int Smaller(ArrayView<ulong> sorted, int first, int count, ulong number)
    {
        int smaller = 0;
        for (int step = count / 2; step > 0; step /= 2)
        {
            if (sorted[(long)(first + smaller + step - 1)] < number)
                smaller += step;
        }

        return sorted[(long)(first + smaller)] < number ? smaller + 1 : smaller;
    }
}
