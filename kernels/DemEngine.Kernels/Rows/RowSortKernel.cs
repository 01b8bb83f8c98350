using DemEngine.Kernels.Elements;
using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels.Rows;

/// <summary>Parameters of a launch of <see cref="RowSortKernel"/> and <see cref="RowRankKernel"/>.</summary>
internal struct RowSortShape
{
    /// <summary>Number of pieces that a thread group sorts at a time, at most; a power of two.</summary>
    public const int MaxPiece = 1024;

    public int Rows;

    public int RowElements;

    /// <summary>Number of elements of a piece of a row: a power of two. The last piece of a row is filled up.</summary>
    public int Piece;

    /// <summary>Number of pieces in a row.</summary>
    public int Pieces;

    /// <summary>Divides rows into pieces.</summary>
    public static RowSortShape Of(int rows, int rowElements)
    {
        int piece = (int)Math.Min(MaxPiece, System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(2, rowElements)));
        return new RowSortShape
        {
            Rows = rows,
            RowElements = rowElements,
            Piece = piece,
            Pieces = (rowElements + piece - 1) / piece,
        };
    }

    /// <summary>Number of sorted numbers of all rows.</summary>
    public readonly long Sorted => (long)Rows * Pieces * Piece;
}

/// <summary>Sorts pieces of the rows of differences by key and index, for <see cref="RowRankKernel"/>.</summary>
/// <remarks>
/// An element's number has its key above and its inverted index below, so that all numbers of a row differ, and a smaller one has
/// a smaller key, or an equal one and a higher index. What fills up a piece is larger than all. A thread group sorts a piece in
/// shared memory by a bitonic network (Batcher, 1968), whose result depends on nothing but the numbers. The group's size is free.
/// </remarks>
internal static class RowSortKernel
{
    /// <summary>What fills up the last piece of a row.</summary>
    public const ulong Nothing = ulong.MaxValue;

    public static void Run(ArrayView<uint> deltas, ArrayView<ulong> sorted, RowSortShape shape)
    {
        var numbers = SharedMemory.Allocate<ulong>(RowSortShape.MaxPiece);
        int units = shape.Rows * shape.Pieces;
        for (int unit = Grid.IdxX; unit < units; unit += Grid.DimX)
        {
            int row = unit / shape.Pieces;
            int first = (unit - (row * shape.Pieces)) * shape.Piece;
            for (int i = Group.IdxX; i < shape.Piece; i += Group.DimX)
            {
                int index = first + i;
                bool isThere = index < shape.RowElements;
                uint key = DeviceKey.Of(deltas[((long)row * shape.RowElements) + Utilities.Select(isThere, index, 0)]);
                numbers[i] = Utilities.Select(isThere, ((ulong)key << 32) | ~(uint)index, Nothing);
            }

            Group.Barrier();
            Sort(numbers, shape.Piece);
            for (int i = Group.IdxX; i < shape.Piece; i += Group.DimX)
                sorted[((long)unit * shape.Piece) + i] = numbers[i];
            Group.Barrier();
        }
    }

    private static void Sort(ArrayView<ulong> numbers, int count)
    {
        for (int size = 2; size <= count; size *= 2)
        {
            for (int distance = size / 2; distance > 0; distance /= 2)
            {
                for (int pair = Group.IdxX; pair < count / 2; pair += Group.DimX)
                {
                    int low = (2 * pair) - (pair & (distance - 1));
                    ulong a = numbers[low];
                    ulong b = numbers[low + distance];
                    bool isSwapped = (a > b) == ((low & size) == 0);
                    numbers[low] = Utilities.Select(isSwapped, b, a);
                    numbers[low + distance] = Utilities.Select(isSwapped, a, b);
                }

                Group.Barrier();
            }
        }
    }
}
