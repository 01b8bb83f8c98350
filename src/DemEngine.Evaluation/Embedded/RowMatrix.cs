using System.Runtime.InteropServices;
using DemEngine.Memory;

namespace DemEngine.Evaluation.Embedded;

/// <summary>
/// Numbers of a batch, one row for each position. Rows are padded to whole vectors and there is room for whole blocks of rows, so that loops
/// have no tails. What lies in the padding and in rows beyond those in use is left over, and never read.
/// </summary>
/// <param name="columns">Numbers in a row.</param>
internal sealed class RowMatrix(int columns) : IDisposable
{
    /// <summary>Rows are padded to a multiple of this: one panel of the widest vectors.</summary>
    public const int ColumnBlock = 32;

    private NativeBuffer? _memory;

    public int Columns { get; } = columns;

    /// <summary>From one row to the next, in numbers.</summary>
    public int Stride { get; } = Blocks.RoundUp(columns, ColumnBlock);

    /// <summary>Number of rows that there is room for.</summary>
    public int Capacity { get; private set; }

    public ref float Origin => ref MemoryMarshal.GetReference(All);

    private Span<float> All => _memory is null ? [] : MemoryMarshal.Cast<byte, float>(_memory.Bytes.Span);

    /// <summary>Makes room. What was there is lost if that takes more memory.</summary>
    public void Reserve(int rows)
    {
        rows = Blocks.RoundUp(rows, MatrixProduct.RowBlock);
        if (rows <= Capacity)
            return;
        _memory?.Dispose();
        _memory = new NativeBuffer(checked(rows * Stride * sizeof(float)));
        Capacity = rows;
    }

    /// <summary>A row without its padding.</summary>
    public Span<float> Row(int row) => All.Slice(row * Stride, Columns);

    public void Dispose() => _memory?.Dispose();
}

/// <summary>Arithmetic of blocks.</summary>
internal static class Blocks
{
    public static int RoundUp(int count, int block) => checked((count + block - 1) / block * block);
}
