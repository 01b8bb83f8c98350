using System.Buffers;
using System.Runtime.InteropServices;
using DemEngine.Checkpoints.Shards;

namespace DemEngine.Checkpoints.PyTorch;

/// <summary>
/// Elements that lie apart in a file, such as those of a transposed or sliced matrix, read in the order that they have in the
/// tensor. A part is gathered along the file, line by line, where a line is what lies closest together: of a transposed matrix
/// that is a short piece of each column.
/// </summary>
internal sealed class StridedView
{
    private const int WindowBytes = 1 << 16;

    // Elements that are farther apart are read one by one.
    private const int FarBytes = 4096;

    private readonly long _start;
    private readonly int _size;
    private readonly long[] _sizes;
    private readonly long[] _strides;

    /// <param name="start">Offset of the first element in the file, in bytes.</param>
    /// <param name="size">Size of an element in bytes: 1, 2, 4 or 8.</param>
    /// <param name="sizes">Sizes of the dimensions, outermost first, of which none is 0.</param>
    /// <param name="strides">Distances of neighbours along each dimension, in elements, of which none is negative.</param>
    public StridedView(long start, int size, IReadOnlyList<long> sizes, IReadOnlyList<long> strides)
    {
        _start = start;
        _size = size;
        Count = sizes.Aggregate(1L, (product, one) => checked(product * one));
        var kept = new List<(long Size, long Stride)>();
        for (int k = 0; k < sizes.Count; k++)
        {
            if (sizes[k] == 1)
                continue;
            if (kept is [.., var outer] && outer.Stride == strides[k] * sizes[k])
                kept[^1] = (outer.Size * sizes[k], strides[k]);
            else
                kept.Add((sizes[k], strides[k]));
        }

        _sizes = [.. kept.Select(dimension => dimension.Size)];
        _strides = [.. kept.Select(dimension => dimension.Stride)];
    }

    /// <summary>Number of elements.</summary>
    public long Count { get; }

    /// <summary>Size of all elements in bytes.</summary>
    public long ByteLength => Count * _size;

    /// <summary>Reads a part of the flattened tensor.</summary>
    /// <param name="file">The file.</param>
    /// <param name="first">Index of the first element.</param>
    /// <param name="destination">Memory for whole elements, which is filled completely.</param>
    public void Read(IShardReader file, long first, Span<byte> destination)
    {
        byte[] window = ArrayPool<byte>.Shared.Rent(WindowBytes);
        try
        {
            Fill(new Window(file, window), 0, 0, first, destination);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(window);
        }
    }

    // A range of a row-major tensor is the rest of a row, whole rows, and the beginning of a row.
    private void Fill(Window window, int dimension, long source, long first, Span<byte> destination)
    {
        if (destination.IsEmpty)
            return;
        long row = 1;
        for (int k = dimension + 1; k < _sizes.Length; k++)
            row *= _sizes[k];
        if (dimension >= _sizes.Length)
        {
            window.File.Peek(_start + (source * _size), destination);
            return;
        }

        long stride = _strides[dimension];
        var (place, within) = Math.DivRem(first, row);
        if (within > 0)
        {
            int head = (int)Math.Min(destination.Length, (row - within) * _size);
            Fill(window, dimension + 1, source + (place * stride), within, destination[..head]);
            destination = destination[head..];
            place++;
        }

        long whole = destination.Length / (row * _size);
        if (whole > 0)
            Gather(window, dimension, source + (place * stride), whole, destination[..(int)(whole * row * _size)]);
        Fill(window, dimension + 1, source + ((place + whole) * stride), 0, destination[(int)(whole * row * _size)..]);
    }

    /// <summary>Reads whole rows of a dimension.</summary>
    /// <param name="window">The file, and what was last read of it.</param>
    /// <param name="dimension">The dimension.</param>
    /// <param name="source">Place of the first element, from the view's first.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="destination">Memory for their elements.</param>
    private void Gather(Window window, int dimension, long source, long rows, Span<byte> destination)
    {
        var loops = new List<Loop>();
        long distance = 1;
        for (int k = _sizes.Length - 1; k >= dimension; k--)
        {
            long count = k == dimension ? rows : _sizes[k];
            loops.Add(new Loop(count, _strides[k], distance));
            distance *= count;
        }

        // The innermost loop goes along the line. Repetitions come next, so that a line is read once for all of them.
        Loop line = loops.Where(loop => loop is { Stride: > 0, Count: > 1 }).OrderBy(loop => loop.Stride)
            .FirstOrDefault(new Loop(1, 1, 1));
        Loop[] outer =
            [.. loops.Where(loop => loop != line).OrderBy(loop => loop.Stride == 0).ThenByDescending(loop => loop.Stride)];
        long[] at = new long[outer.Length];
        long place = 0;
        while (true)
        {
            Copy(window, source, line, place, destination);
            int k = outer.Length - 1;
            for (; k >= 0; k--)
            {
                source += outer[k].Stride;
                place += outer[k].Distance;
                if (++at[k] < outer[k].Count)
                    break;
                source -= outer[k].Stride * outer[k].Count;
                place -= outer[k].Distance * outer[k].Count;
                at[k] = 0;
            }

            if (k < 0)
                return;
        }
    }

    private void Copy(Window window, long source, Loop line, long place, Span<byte> destination)
    {
        if (line is { Stride: 1, Distance: 1 } && line.Count * _size > WindowBytes)
        {
            Span<byte> whole = destination.Slice((int)(place * _size), (int)(line.Count * _size));
            window.File.Peek(_start + (source * _size), whole);
            return;
        }

        long step = line.Stride * _size;
        long most = step > FarBytes ? 1 : Math.Max(1, (WindowBytes - _size) / step);
        for (long k = 0; k < line.Count;)
        {
            int count = (int)Math.Min(most, line.Count - k);
            ReadOnlySpan<byte> read = window.Read(
                _start + ((source + (k * line.Stride)) * _size), (int)((count - 1) * step) + _size);
            Span<byte> target = destination[(int)((place + (k * line.Distance)) * _size)..];
            switch (_size)
            {
                case 1:
                    Scatter<byte>(read, (int)line.Stride, target, (int)line.Distance, count);
                    break;
                case 2:
                    Scatter<ushort>(read, (int)line.Stride, target, (int)line.Distance, count);
                    break;
                case 4:
                    Scatter<uint>(read, (int)line.Stride, target, (int)line.Distance, count);
                    break;
                default:
                    Scatter<ulong>(read, (int)line.Stride, target, (int)line.Distance, count);
                    break;
            }

            k += count;
        }
    }

    private static void Scatter<T>(ReadOnlySpan<byte> from, int stride, Span<byte> to, int distance, int count)
        where T : unmanaged
    {
        ReadOnlySpan<T> source = MemoryMarshal.Cast<byte, T>(from);
        Span<T> target = MemoryMarshal.Cast<byte, T>(to);
        if (stride == 1 && distance == 1)
        {
            source[..count].CopyTo(target);
            return;
        }

        for (int k = 0; k < count; k++)
            target[k * distance] = source[k * stride];
    }

    /// <summary>A dimension of a part.</summary>
    /// <param name="Count">Number of elements along it.</param>
    /// <param name="Stride">Distance of neighbours in the file, in elements.</param>
    /// <param name="Distance">Distance of neighbours in the tensor, in elements.</param>
    private readonly record struct Loop(long Count, long Stride, long Distance);

    /// <summary>A file and the last small part that was read of it.</summary>
    /// <param name="file">The file.</param>
    /// <param name="memory">Memory for the part.</param>
    private sealed class Window(IShardReader file, byte[] memory)
    {
        private long _at = -1;
        private int _length;

        public IShardReader File => file;

        public ReadOnlySpan<byte> Read(long offset, int length)
        {
            if (offset != _at || length != _length)
            {
                file.Peek(offset, memory.AsSpan(0, length));
                (_at, _length) = (offset, length);
            }

            return memory.AsSpan(0, length);
        }
    }
}
