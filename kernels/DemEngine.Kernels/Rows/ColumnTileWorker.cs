using System.Runtime.InteropServices;
using DemEngine.Kernels.Devices;
using DemEngine.Kernels.Elements;
using DemEngine.Kernels.Launching;
using DemEngine.Kernels.Streaming;
using DemEngine.Memory;
using DemEngine.Numerics;
using ILGPU;

namespace DemEngine.Kernels.Rows;

/// <summary>The operations on columns, part by part: inputs are copied in and converted, and the result is copied out.</summary>
internal sealed class ColumnTileWorker(string device, KernelTable kernels, RowKernelTable rowKernels, TileBufferPool pool)
{
    private const int MostTerms = 32;

    /// <summary>Computes what <see cref="DemEngine.Backends.ITileWorker.TryColumnGram"/> says.</summary>
    /// <returns>False if not even one leaf fits a buffer.</returns>
    public bool TryGram(
        ReadOnlySpan<TermKind> kinds, ReadOnlySpan<TypedBytes> inputs, int columns, int leafRows, Span<double> leafSums)
    {
        int vectors = kinds.Length;
        int leafElements = leafRows * columns;
        int ofLeaf = GramMatrix.PairCount(vectors) * columns;
        TypedBytes[] all = inputs.ToArray();
        long SumBytes(int elements) => (long)LeavesOf(elements, leafElements) * ofLeaf * sizeof(double);

        // After the sums, which are copied back, the vectors in binary32.
        var shape = new TileShape(
            [.. all.Select(input => input.Type)],
            terms: 0,
            elements => SumBytes(elements) + (vectors * TileShape.Stride(ElementType.F32, elements)),
            needsOneType: false);
        int total = all[0].Count;
        int leaves = Fit(LeavesOf(total, leafElements), most => shape.Bytes(most * leafElements));
        if (leaves == 0)
            return LeftToProcessor(total);

        for (int start = 0, count; start < total; start += count)
        {
            count = Math.Min(leaves * leafElements, total - start);
            try
            {
                using TileBufferPool.Loan loan = pool.Rent();
                TileBuffers buffers = loan.Buffers;
                buffers.CopyIn(shape, all, start, count);
                long sumsAt = shape.ResultAt(count) + TileShape.CountBytes;
                long sumsEnd = sumsAt + SumBytes(count);
                long vectorsAt = (sumsEnd + TileBuffers.WordBytes - 1) / TileBuffers.WordBytes * TileBuffers.WordBytes;
                long stride = TileShape.Stride(ElementType.F32, count);
                int first = all.Length - vectors;
                for (int k = 0; k < vectors; k++)
                {
                    ArrayView<Words4> vector = buffers.Tensors(vectorsAt + (k * stride), vectorsAt + ((k + 1) * stride));
                    if (kinds[k] == TermKind.RelativeToBase)
                        Subtract(buffers, shape, first + k, count, vector);
                    else
                        Convert(buffers, shape, first + k, ElementType.F32, count, vector);
                }

                rowKernels.ColumnGram(
                    buffers.Stream,
                    kernels.ElementwiseConfig(LeavesOf(count, leafElements) * columns * Eight.Count),
                    buffers.Device<float>(vectorsAt, vectors * stride),
                    buffers.Device<double>(sumsAt, sumsEnd - sumsAt),
                    new ColumnGramShape
                    {
                        Elements = count,
                        Stride = (int)(stride / sizeof(float)),
                        Vectors = vectors,
                        Columns = columns,
                        LeafRows = leafRows,
                        Leaves = LeavesOf(count, leafElements),
                    });
                buffers.CopyOut(sumsAt, sumsEnd);
                buffers.Synchronize();
                MemoryMarshal.Cast<byte, double>(buffers.Host(sumsAt, sumsEnd - sumsAt))
                    .CopyTo(leafSums[(start / leafElements * ofLeaf)..]);
            }
            catch (Exception e) when (DeviceFault.Is(e))
            {
                throw DeviceFault.Name(e, device);
            }
        }

        return true;
    }

    /// <summary>Computes what <see cref="DemEngine.Backends.ITileWorker.TryCombineColumns"/> says.</summary>
    /// <returns>False if the weights and a few elements do not fit a buffer, or the terms are too many.</returns>
    public bool TryCombine(
        LinearCombination sum,
        double[][] weights,
        int column,
        ReadOnlySpan<TypedBytes> inputs,
        TypedBytes output,
        out long nonFiniteOutputs)
    {
        nonFiniteOutputs = 0;
        int columns = weights.Length == 0 ? 0 : weights[0].Length;
        if (columns == 0 || weights.Length > MostTerms)
            return LeftToProcessor(output.Count);

        // The weights lie where a plain sum has its terms. After the result, inputs and sum in binary64.
        TypedBytes[] all = inputs.ToArray();
        int weightBytes = weights.Length * columns * sizeof(float);
        var shape = new TileShape(
            [.. all.Select(input => input.Type)],
            (weightBytes + DeviceTerm.Bytes - 1) / DeviceTerm.Bytes,
            elements =>
                TileShape.Stride(output.Type, elements) + ((all.Length + 1) * TileShape.Stride(ElementType.F64, elements)),
            needsOneType: false);
        int most = Fit(output.Count, shape.Bytes);
        if (most == 0)
            return LeftToProcessor(output.Count);

        for (int start = 0, count; start < output.Count; start += count)
        {
            count = Math.Min(most, output.Count - start);
            try
            {
                using TileBufferPool.Loan loan = pool.Rent();
                int from = (int)((column + (long)start) % columns);
                nonFiniteOutputs += Combine(
                    loan.Buffers, shape, sum, weights, from, all, start, output.Slice(start, count));
            }
            catch (Exception e) when (DeviceFault.Is(e))
            {
                throw DeviceFault.Name(e, device);
            }
        }

        return true;
    }

    private long Combine(
        TileBuffers buffers,
        TileShape shape,
        LinearCombination sum,
        double[][] weights,
        int column,
        TypedBytes[] inputs,
        int start,
        TypedBytes part)
    {
        int count = part.Count;
        int columns = weights[0].Length;
        long weightBytes = (long)weights.Length * columns * sizeof(float);
        Span<float> hostWeights = MemoryMarshal.Cast<byte, float>(buffers.Host(TileShape.TermsAt, weightBytes));
        uint areRelative = 0;
        for (int k = 0; k < weights.Length; k++)
        {
            for (int c = 0; c < columns; c++)
                hostWeights[(k * columns) + c] = (float)weights[k][c];
            if (sum.Terms[k].Kind == TermKind.RelativeToBase)
                areRelative |= 1u << k;
        }

        buffers.CopyIn(shape, inputs, start, count);
        long countsAt = shape.ResultAt(count);
        long resultAt = countsAt + TileShape.CountBytes;
        long resultEnd = resultAt + TileShape.Stride(part.Type, count);
        long stride = TileShape.Stride(ElementType.F64, count);
        for (int k = 0; k < inputs.Length; k++)
        {
            ArrayView<Words4> wide = buffers.Tensors(resultEnd + (k * stride), resultEnd + ((k + 1) * stride));
            Convert(buffers, shape, k, ElementType.F64, count, wide);
        }

        long totalAt = resultEnd + (inputs.Length * stride);
        rowKernels.ColumnCombine(
            buffers.Stream,
            kernels.ElementwiseConfig(count),
            buffers.Device<double>(resultEnd, inputs.Length * stride),
            buffers.Device<float>(TileShape.TermsAt, weightBytes),
            buffers.Device<double>(totalAt, stride),
            new ColumnCombineShape
            {
                Elements = count,
                Stride = (int)(stride / sizeof(double)),
                Terms = weights.Length,
                UsesBase = sum.UsesBase ? 1 : 0,
                StartsFromBase = sum.StartsFromBase ? 1 : 0,
                AreRelative = areRelative,
                Columns = columns,
                FirstColumn = column,
            });
        kernels.Convert(ElementType.F64, part.Type)(
            buffers.Stream,
            kernels.ElementwiseConfig(count),
            buffers.Tensors(totalAt, totalAt + stride),
            buffers.Tensors(resultAt, resultEnd),
            buffers.Device<long>(countsAt, TileShape.CountBytes),
            count);
        buffers.CopyOut(countsAt, resultEnd);
        buffers.Synchronize();
        buffers.Host(resultAt, part.Bytes.Length).CopyTo(part.Bytes.Span);
        return MemoryMarshal.Cast<byte, long>(buffers.Host(countsAt, TileShape.CountBytes))[1];
    }

    /// <summary>False, which leaves the elements to the processor, unless there are none.</summary>
    private bool LeftToProcessor(int elements)
    {
        if (elements > 0)
            pool.NoteLeftToProcessor();
        return elements == 0;
    }

    private static int LeavesOf(int elements, int leafElements) => (int)(((long)elements + leafElements - 1) / leafElements);

    /// <summary>The number of units, up to the given one, that fit a buffer.</summary>
    private int Fit(int units, Func<int, long> bytes)
    {
        int fits = 0;
        for (int tooMany = units + 1; tooMany - fits > 1;)
        {
            int middle = fits + ((tooMany - fits) / 2);
            if (bytes(middle) <= pool.BufferBytes)
                fits = middle;
            else
                tooMany = middle;
        }

        return fits;
    }

    private void Subtract(TileBuffers buffers, TileShape shape, int input, int count, ArrayView<Words4> result) =>
        kernels.Extract(shape.Types[0], shape.Types[input], ElementType.F32)(
            buffers.Stream,
            kernels.ElementwiseConfig(count),
            buffers.Input(shape, 0, count),
            buffers.Input(shape, input, count),
            result,
            buffers.Device<long>(TileShape.ScrapAt, TileShape.CountBytes),
            new ExtractShape { Elements = count });

    private void Convert(TileBuffers buffers, TileShape shape, int input, ElementType to, int count, ArrayView<Words4> result) =>
        kernels.Convert(shape.Types[input], to)(
            buffers.Stream,
            kernels.ElementwiseConfig(count),
            buffers.Input(shape, input, count),
            result,
            buffers.Device<long>(TileShape.ScrapAt, TileShape.CountBytes),
            count);
}
