using System.Runtime.InteropServices;
using DemEngine.Kernels.Devices;
using DemEngine.Kernels.Elements;
using DemEngine.Kernels.Launching;
using DemEngine.Kernels.Streaming;
using DemEngine.Memory;
using DemEngine.Numerics;
using ILGPU;

namespace DemEngine.Kernels.Rows;

/// <summary>
/// The operations on whole rows, part by part: the inputs are copied in, the rows are ranked or compared, and the result is
/// copied out.
/// </summary>
internal sealed class RowTileWorker(string device, KernelTable kernels, RowKernelTable rowKernels, TileBufferPool pool)
{
    /// <summary>Ranks each element in its row, as <see cref="DemEngine.Backends.IDeltaWorker.Rank"/> says.</summary>
    /// <returns>False if not even one row fits a buffer.</returns>
    public bool TryRank(TermKind kind, ReadOnlySpan<TypedBytes> inputs, int rowElements, Span<uint> ranks)
    {
        // After the ranks, which are copied back, the differences and the sorted numbers.
        long ResultBytes(int elements) => TileShape.Stride(ElementType.F32, elements);
        TileShape shape = ShapeOf(
            inputs,
            elements => (2 * ResultBytes(elements))
                + (RowSortShape.Of(elements / rowElements, rowElements).Sorted * sizeof(ulong)));
        int rows = RowsOf(shape, ranks.Length / rowElements, rowElements);
        if (rows == 0)
            return ranks.Length == 0;

        for (int start = 0, count; start < ranks.Length; start += count)
        {
            count = Math.Min(rows * rowElements, ranks.Length - start);
            try
            {
                using TileBufferPool.Loan loan = pool.Rent();
                TileBuffers buffers = loan.Buffers;
                buffers.CopyIn(shape, inputs, start, count);
                long ranksAt = shape.ResultAt(count) + TileShape.CountBytes;
                long deltasAt = ranksAt + ResultBytes(count);
                long sortedAt = deltasAt + ResultBytes(count);
                Differences(buffers, shape, kind, inputs, count, buffers.Tensors(deltasAt, sortedAt));

                RowSortShape sort = RowSortShape.Of(count / rowElements, rowElements);
                ArrayView<ulong> sorted = buffers.Device<ulong>(sortedAt, sort.Sorted * sizeof(ulong));
                rowKernels.Sort(
                    buffers.Stream,
                    kernels.GramConfig(sort.Rows * sort.Pieces),
                    buffers.Device<uint>(deltasAt, (long)count * sizeof(uint)),
                    sorted,
                    sort);
                rowKernels.Rank(
                    buffers.Stream,
                    kernels.ElementwiseConfig((int)sort.Sorted),
                    sorted,
                    buffers.Device<uint>(ranksAt, (long)count * sizeof(uint)),
                    sort);
                buffers.CopyOut(ranksAt, ranksAt + ((long)count * sizeof(uint)));
                buffers.Synchronize();
                MemoryMarshal.Cast<byte, uint>(buffers.Host(ranksAt, (long)count * sizeof(uint))).CopyTo(ranks[start..]);
            }
            catch (Exception e) when (DeviceFault.Is(e))
            {
                throw DeviceFault.Name(e, device);
            }
        }

        return true;
    }

    /// <summary>
    /// Computes the divergence of each row, as <see cref="DemEngine.Backends.IDeltaWorker.Diverge"/> says.
    /// </summary>
    /// <returns>False if not even one row fits a buffer.</returns>
    public bool TryDiverge(TermKind kind, ReadOnlySpan<TypedBytes> inputs, int rowElements, Span<float> divergences)
    {
        // After the divergences, which are copied back, both rows in binary64.
        long RowBytes(int elements) => TileShape.Stride(ElementType.F64, elements);
        long ResultBytes(int elements) => TileShape.Stride(ElementType.F32, elements / rowElements);
        TileShape shape = ShapeOf(inputs, elements => ResultBytes(elements) + (2 * RowBytes(elements)));
        int most = RowsOf(shape, divergences.Length, rowElements);
        if (most == 0)
            return divergences.Length == 0;

        for (int row = 0, rows; row < divergences.Length; row += rows)
        {
            rows = Math.Min(most, divergences.Length - row);
            int count = rows * rowElements;
            try
            {
                using TileBufferPool.Loan loan = pool.Rent();
                TileBuffers buffers = loan.Buffers;
                buffers.CopyIn(shape, inputs, row * rowElements, count);
                long resultAt = shape.ResultAt(count) + TileShape.CountBytes;
                long tunedAt = resultAt + ResultBytes(count);
                long originalAt = tunedAt + RowBytes(count);
                Convert(buffers, shape, input: 1, inputs[1].Type, ElementType.F64, count, buffers.Tensors(tunedAt, originalAt));
                Convert(
                    buffers, shape, input: 0, inputs[0].Type, ElementType.F64, count,
                    buffers.Tensors(originalAt, originalAt + RowBytes(count)));
                rowKernels.Diverge(
                    buffers.Stream,
                    kernels.GramConfig(rows),
                    buffers.Device<double>(tunedAt, (long)count * sizeof(double)),
                    buffers.Device<double>(originalAt, (long)count * sizeof(double)),
                    buffers.Device<float>(resultAt, (long)rows * sizeof(float)),
                    new DivergenceShape
                    {
                        Rows = rows,
                        RowElements = rowElements,
                        IsDifference = kind == TermKind.RelativeToBase ? 0 : 1,
                    });
                buffers.CopyOut(resultAt, resultAt + ((long)rows * sizeof(float)));
                buffers.Synchronize();
                MemoryMarshal.Cast<byte, float>(buffers.Host(resultAt, (long)rows * sizeof(float))).CopyTo(divergences[row..]);
            }
            catch (Exception e) when (DeviceFault.Is(e))
            {
                throw DeviceFault.Name(e, device);
            }
        }

        return true;
    }

    private static TileShape ShapeOf(ReadOnlySpan<TypedBytes> inputs, Func<int, long> resultBytes)
    {
        var types = new ElementType[inputs.Length];
        for (int k = 0; k < types.Length; k++)
            types[k] = inputs[k].Type;
        return new TileShape(types, terms: 0, resultBytes, needsOneType: false);
    }

    /// <summary>The number of rows, up to the given one, that fit a buffer.</summary>
    private int RowsOf(TileShape shape, int rows, int rowElements)
    {
        int fits = 0;
        for (int tooMany = rows + 1; tooMany - fits > 1;)
        {
            int middle = fits + ((tooMany - fits) / 2);
            if (shape.Bytes(middle * rowElements) <= pool.BufferBytes)
                fits = middle;
            else
                tooMany = middle;
        }

        return fits;
    }

    /// <summary>Enqueues taking δ in binary32.</summary>
    private void Differences(
        TileBuffers buffers, TileShape shape, TermKind kind, ReadOnlySpan<TypedBytes> inputs, int count, ArrayView<Words4> deltas)
    {
        if (kind != TermKind.RelativeToBase)
        {
            Convert(buffers, shape, input: 1, inputs[1].Type, ElementType.F32, count, deltas);
            return;
        }

        kernels.Extract(inputs[0].Type, inputs[1].Type, ElementType.F32)(
            buffers.Stream,
            kernels.ElementwiseConfig(count),
            buffers.Input(shape, 0, count),
            buffers.Input(shape, 1, count),
            deltas,
            buffers.Device<long>(TileShape.ScrapAt, TileShape.CountBytes),
            new ExtractShape { Elements = count });
    }

    private void Convert(
        TileBuffers buffers, TileShape shape, int input, ElementType from, ElementType to, int count, ArrayView<Words4> result) =>
        kernels.Convert(from, to)(
            buffers.Stream,
            kernels.ElementwiseConfig(count),
            buffers.Input(shape, input, count),
            result,
            buffers.Device<long>(TileShape.ScrapAt, TileShape.CountBytes),
            count);
}
