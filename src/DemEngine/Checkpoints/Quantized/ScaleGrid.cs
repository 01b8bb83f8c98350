using System.Collections.Immutable;

namespace DemEngine.Checkpoints.Quantized;

/// <summary>
/// How the scales of a tensor lie over its elements: the tensor is cut into blocks of one size, the last of a dimension may be
/// shorter, and each block has one scale. Scales follow each other as blocks do, in row-major order.
/// </summary>
internal sealed class ScaleGrid
{
    private readonly long[] _sizes;
    private readonly long[] _blocks;
    private readonly long[] _counts;

    private ScaleGrid(long[] sizes, long[] blocks)
    {
        _sizes = sizes;
        _blocks = blocks;
        _counts = [.. sizes.Zip(blocks, (size, block) => (size + block - 1) / block)];
    }

    /// <summary>Number of elements in a line, the last dimension.</summary>
    public long LineLength => _sizes[^1];

    /// <summary>Number of elements of a line that have one scale.</summary>
    public long LineBlock => _blocks[^1];

    /// <summary>Number of scales of a line.</summary>
    public long LineScales => _counts[^1];

    /// <summary>Number of all scales.</summary>
    public long ScaleCount => _counts.Aggregate(1L, (product, count) => product * count);

    /// <summary>Finds the grid of a tensor and its scales.</summary>
    /// <param name="shape">Shape of the tensor.</param>
    /// <param name="scales">
    /// Shape of the scales: one element; one for each row; or one dimension for each of the tensor's, with dimensions of 1
    /// between them or not.
    /// </param>
    /// <param name="stated">
    /// Sizes of a block in the last dimensions where the configuration states them; empty where only the shapes tell them.
    /// </param>
    /// <returns>Null where the shapes do not fit.</returns>
    public static ScaleGrid? Find(TensorShape shape, TensorShape scales, ImmutableArray<long> stated)
    {
        long[] sizes = shape.Dimensions.IsEmpty ? [1] : [.. shape.Dimensions];
        if (scales.ElementCount == 1)
            return new ScaleGrid(sizes, [.. sizes.Select(size => Math.Max(1, size))]);
        long[] counts = [.. scales.Dimensions];
        if (counts.Length == 2 * sizes.Length && counts.Where((_, k) => k % 2 == 1).All(count => count == 1))
            counts = [.. counts.Where((_, k) => k % 2 == 0)];
        if (counts.Length == 1 && sizes.Length > 1 && counts[0] == sizes[0])
            counts = [counts[0], .. sizes.Skip(1).Select(_ => 1L)];
        if (counts.Length != sizes.Length)
            return null;

        var blocks = new long[sizes.Length];
        for (int k = 0; k < sizes.Length; k++)
        {
            int place = k - (sizes.Length - stated.Length);
            long asked = place >= 0 ? stated[place] : 0;
            if (BlockOf(sizes[k], counts[k], asked) is not { } block)
                return null;
            blocks[k] = block;
        }

        return new ScaleGrid(sizes, blocks);
    }

    /// <summary>Returns the index of the first scale of a line.</summary>
    /// <param name="line">Index of the line.</param>
    public long FirstScale(long line)
    {
        long scale = 0;
        long stride = LineScales;
        for (int k = _sizes.Length - 2; k >= 0; k--)
        {
            (line, long place) = Math.DivRem(line, _sizes[k]);
            scale += place / _blocks[k] * stride;
            stride *= _counts[k];
        }

        return scale;
    }

    // The size that is stated counts where it gives as many blocks as there are scales. Single tensors of a model may have a
    // scale for all, for each element, or for a usual group instead. Where none is stated, blocks are of equal size, or of a
    // power of two with a shorter one at the end.
    private static long? BlockOf(long size, long count, long asked)
    {
        if (count <= 0 || size < count)
            return null;
        if (asked > 0 && (size + asked - 1) / asked == count)
            return asked;
        if (count == 1 || count == size)
            return size / count;
        if (asked > 0)
            return size % count == 0 && size / count is (16 or 32 or 64 or 128) ? size / count : null;
        if (size % count == 0)
            return size / count;
        for (long block = 1; block < size; block *= 2)
        {
            if ((size + block - 1) / block == count)
                return block;
        }

        return null;
    }
}
