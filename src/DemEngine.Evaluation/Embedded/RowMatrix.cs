using System.Runtime.InteropServices;
using DemEngine.Memory;

namespace DemEngine.Evaluation.Embedded;

/// <summary>
/// A matrix with one row for each position of a batch. Rows are padded to whole vectors, and whole blocks of rows are allocated,
/// so that loops have no tails. The padding and the rows beyond those in use hold leftover values, on which no result depends.
/// </summary>
/// <param name="columns">Number of columns, without the padding.</param>
internal sealed class RowMatrix(int columns) : IDisposable
{
    /// <summary>Row lengths are padded to a multiple of this number of columns: one panel of the widest vectors.</summary>
    public const int ColumnBlock = 32;

    private NativeBuffer? _memory;

    public int Columns { get; } = columns;

    /// <summary>Distance from one row to the next, in elements.</summary>
    public int Stride { get; } = Blocks.RoundUp(columns, ColumnBlock);

    /// <summary>Number of rows that are allocated.</summary>
    public int Capacity { get; private set; }

    public ref float Origin => ref MemoryMarshal.GetReference(All);

    private Span<float> All => _memory is null ? [] : MemoryMarshal.Cast<byte, float>(_memory.Bytes.Span);

    /// <summary>Allocates at least so many rows. The contents are lost if more memory is needed.</summary>
    public void Reserve(int rows)
    {
        rows = Blocks.RoundUp(rows, MatrixProduct.RowBlock);
        if (rows <= Capacity)
            return;
        _memory?.Dispose();
        _memory = new NativeBuffer(checked(rows * Stride * sizeof(float)));
        Capacity = rows;
    }

    /// <summary>Returns a row without its padding.</summary>
    public Span<float> Row(int row) => All.Slice(row * Stride, Columns);

    public void Dispose() => _memory?.Dispose();
}

/// <summary>Arithmetic on block sizes.</summary>
internal static class Blocks
{
    public static int RoundUp(int count, int block) => checked((count + block - 1) / block * block);
}
