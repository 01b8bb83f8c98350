using System.Runtime.InteropServices;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Merging.Inputs;

/// <summary>How the two halves of a transposed matrix, gates and ups, are rearranged on the way.</summary>
internal enum HalvesOrder
{
    /// <summary>Not at all.</summary>
    Kept,

    /// <summary>
    /// Columns of the stored matrix alternate between both, and rows of the shown one are first one's, then the other's.
    /// </summary>
    Apart,

    /// <summary>Rows of the stored matrix are first one's, then the other's, and columns of the shown one alternate.</summary>
    Alternating,
}

/// <summary>
/// The matrices of a tensor, each transposed: [matrices, rows, columns] is read as [matrices, columns, rows]. Of the rows that a
/// part is made from only the piece that it needs is read, some rows at a time, so that memory is that of a small window.
/// </summary>
/// <param name="whole">The tensor as it is stored, of elements of whole bytes.</param>
/// <param name="spec">Name, type and shape of what is shown.</param>
/// <param name="rows">Number of rows of each stored matrix; not zero.</param>
/// <param name="columns">Number of columns of each stored matrix; not zero.</param>
/// <param name="order">How halves are rearranged.</param>
internal sealed class TransposedTensor(TensorReader whole, TensorSpec spec, long rows, long columns, HalvesOrder order)
    : TensorReader(spec)
{
    private const int WindowBytes = 1 << 15;

    // Rows of the window: so many elements that lie side by side are written at a time.
    private const int MostLines = 64;
    private const int FewestLines = 8;

    public override ElementType ModelType => whole.ModelType;

    public override IReadOnlyList<TensorReader> MadeFrom => whole.MadeFrom;

    public override IEnumerable<StoredTensor> InFiles => whole.InFiles;

    public override int ElementBytes => whole.ElementBytes;

    public override ComputingMemory Computing => whole.Computing;

    public override bool IsCopied => true;

    public override TensorReader Rebind(Func<TensorReader, TensorReader> replace)
    {
        TensorReader bound = whole.Rebind(replace);
        return ReferenceEquals(bound, whole) ? this : new TransposedTensor(bound, Spec, rows, columns, order);
    }

    public override TypedBytes Read(long first, int count, NativeBytes room, ITileContext context)
    {
        var output = new TypedBytes(Spec.Type, room.Slice(0, count * Spec.Type.Size));
        using TileLoan loan = context.Borrow();
        NativeBytes window = context.Room(WindowBytes);
        for (int done = 0; done < count;)
        {
            // A range of a matrix is the rest of a row, whole rows, and the beginning of a row.
            var (matrix, within) = Math.DivRem(first + done, rows * columns);
            var (row, column) = Math.DivRem(within, rows);
            long left = count - done;
            bool isWhole = column == 0 && left >= rows;
            long rowsThere = isWhole ? Math.Min(left / rows, RowsTo(row)) : 1;
            long columnsThere = isWhole ? rows : Math.Min(left, rows - column);
            int there = (int)(rowsThere * columnsThere);
            Fill(matrix, (row, rowsThere), (column, columnsThere), output.Slice(done, there), window, context);
            done += there;
        }

        return output;
    }

    // All of a matrix is needed for its first rows already.
    public override void WillNeed(long first, long count)
    {
        long elements = rows * columns;
        long matrix = (first + elements - 1) / elements;
        long end = (first + count + elements - 1) / elements;
        if (matrix < end)
            whole.WillNeed(matrix * elements, (end - matrix) * elements);
    }

    /// <summary>Number of rows from the given one on that come from columns in a fixed distance of each other.</summary>
    private long RowsTo(long row) => (order == HalvesOrder.Apart && row < columns / 2 ? columns / 2 : columns) - row;

    private long StoredColumn(long row) => order != HalvesOrder.Apart ? row
        : row < columns / 2 ? 2 * row
        : (2 * (row - (columns / 2))) + 1;

    private long StoredRow(long column) => order != HalvesOrder.Alternating ? column : (column / 2) + (column % 2 * (rows / 2));

    private void Fill(
        long matrix, (long First, long Count) row, (long First, long Count) column, TypedBytes target, NativeBytes window,
        ITileContext context)
    {
        int size = Spec.Type.Size;
        int step = order == HalvesOrder.Apart ? 2 : 1;
        int most = WindowBytes / size / FewestLines / step;
        for (long done = 0; done < row.Count;)
        {
            int wide = (int)Math.Min(most, row.Count - done);
            int line = wide * step;
            int lines = Math.Min(MostLines, WindowBytes / size / line);
            long start = StoredColumn(row.First + done);
            for (long across = 0; across < column.Count;)
            {
                int high = (int)Math.Min(lines, column.Count - across);
                for (int k = 0; k < high; k++)
                {
                    long from = (((matrix * rows) + StoredRow(column.First + across + k)) * columns) + start;
                    NativeBytes place = window.Slice(k * line * size, (line - step + 1) * size);
                    ReadOnlySpan<byte> read = whole.Read(from, line - step + 1, place, context).Bytes.Span;

                    // What lies in memory is not read into the window.
                    if (!read.Overlaps(place.Span))
                        read.CopyTo(place.Span);
                }

                Span<byte> output = target.Bytes.Span[(int)(((done * column.Count) + across) * size)..];
                var shape = (wide, high, line, step, (int)column.Count);
                switch (size)
                {
                    case 1:
                        Transpose<byte>(window.Span, output, shape);
                        break;
                    case 2:
                        Transpose<ushort>(window.Span, output, shape);
                        break;
                    case 4:
                        Transpose<uint>(window.Span, output, shape);
                        break;
                    default:
                        Transpose<ulong>(window.Span, output, shape);
                        break;
                }

                across += high;
            }

            done += wide;
        }
    }

    private static void Transpose<T>(
        ReadOnlySpan<byte> window, Span<byte> output, (int Wide, int High, int Line, int Step, int Stride) shape)
        where T : unmanaged
    {
        ReadOnlySpan<T> from = MemoryMarshal.Cast<byte, T>(window);
        Span<T> to = MemoryMarshal.Cast<byte, T>(output);
        for (int k = 0; k < shape.Wide; k++)
        {
            Span<T> side = to.Slice(k * shape.Stride, shape.High);
            int at = k * shape.Step;
            for (int j = 0; j < side.Length; j++, at += shape.Line)
                side[j] = from[at];
        }
    }
}
