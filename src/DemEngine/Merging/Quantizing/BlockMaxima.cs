using System.Numerics;
using DemEngine.Checkpoints;

namespace DemEngine.Merging.Quantizing;

/// <summary>
/// The largest absolute values of the blocks of a matrix, from which their scales follow: scale = largest / 448 in binary32, so
/// that the largest becomes the largest number of E4M3; 1 where a block is all zero or not finite. Maxima do not depend on the
/// order in which elements are seen. Threads add the elements of a matrix in any order.
/// </summary>
/// <param name="shape">Shape of the matrix.</param>
/// <param name="blockRows">Number of rows of a block.</param>
/// <param name="blockColumns">Number of columns of a block.</param>
internal sealed class BlockMaxima(TensorShape shape, long blockRows, long blockColumns)
{
    private const float LargestE4M3 = 448;

    private readonly Lock _lock = new();
    private readonly long _columns = shape.Dimensions[1];
    private readonly long _rowBlocks = (shape.Dimensions[1] + blockColumns - 1) / blockColumns;
    private readonly float[] _maxima = new float[checked((int)(((shape.Dimensions[0] + blockRows - 1) / blockRows)
        * ((shape.Dimensions[1] + blockColumns - 1) / blockColumns)))];

    /// <summary>Number of blocks.</summary>
    public int Count => _maxima.Length;

    /// <summary>Returns the scale of a block, once all elements were added.</summary>
    public float ScaleOf(int block)
    {
        float scale = _maxima[block] / LargestE4M3;
        return scale > 0 && float.IsFinite(scale) ? scale : 1;
    }

    /// <summary>Adds a part of the flattened matrix.</summary>
    /// <param name="first">Index of the part's first element.</param>
    /// <param name="values">The elements.</param>
    public void Add(long first, ReadOnlySpan<float> values)
    {
        // A part has few blocks, and each is looked at once before the lock.
        foreach (var (block, at, count) in RunsOf(first, values.Length))
        {
            float largest = LargestOf(values.Slice(at, count));
            if (largest <= Volatile.Read(ref _maxima[block]))
                continue;
            lock (_lock)
                _maxima[block] = Math.Max(_maxima[block], largest);
        }
    }

    /// <summary>Divides a part of the flattened matrix by the scales of its blocks.</summary>
    public void Divide(long first, Span<float> values)
    {
        foreach (var (block, at, count) in RunsOf(first, values.Length))
        {
            Span<float> run = values.Slice(at, count);
            float scale = ScaleOf(block);
            var scales = new Vector<float>(scale);
            int k = 0;
            for (; k <= run.Length - Vector<float>.Count; k += Vector<float>.Count)
                (new Vector<float>(run[k..]) / scales).CopyTo(run[k..]);
            for (; k < run.Length; k++)
                run[k] /= scale;
        }
    }

    private static float LargestOf(ReadOnlySpan<float> values)
    {
        // A NaN is no maximum: the output is refused for it, or has it as NaN.
        float largest = 0;
        int k = 0;
        Vector<float> most = Vector<float>.Zero;
        for (; k <= values.Length - Vector<float>.Count; k += Vector<float>.Count)
        {
            Vector<float> magnitudes = Vector.Abs(new Vector<float>(values[k..]));
            most = Vector.ConditionalSelect(Vector.GreaterThan(magnitudes, most), magnitudes, most);
        }

        for (int lane = 0; lane < Vector<float>.Count; lane++)
            largest = Math.Max(largest, most[lane]);
        for (; k < values.Length; k++)
        {
            float magnitude = Math.Abs(values[k]);
            largest = magnitude > largest ? magnitude : largest;
        }

        return largest;
    }

    private IEnumerable<(int Block, int At, int Count)> RunsOf(long first, int length)
    {
        for (int at = 0; at < length;)
        {
            var (row, column) = Math.DivRem(first + at, _columns);
            long end = Math.Min(_columns, ((column / blockColumns) + 1) * blockColumns);
            int count = (int)Math.Min(end - column, length - at);
            yield return ((int)((row / blockRows * _rowBlocks) + (column / blockColumns)), at, count);
            at += count;
        }
    }
}
