using System.Runtime.InteropServices;
using DemEngine.Backends;
using DemEngine.Kernels.Devices;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Kernels.Streaming;

/// <summary>
/// Brings tiles through the device, in parts where they are larger than a buffer: gathers the inputs in page-locked memory, and has them
/// copied in, worked on and copied out on one stream. The tile's bytes need no alignment.
/// </summary>
internal sealed class IlgpuTileWorker(string device, KernelTable kernels, TileBufferPool pool) : ITileWorker
{
    private const int WordBytes = 16;

    public NonFinite Combine(LinearCombination combination, ReadOnlySpan<TypedBytes> inputs, TypedBytes output)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(inputs.Length, combination.InputCount);
        foreach (TypedBytes input in inputs)
            ArgumentOutOfRangeException.ThrowIfNotEqual(input.Count, output.Count);

        ElementType outputType = output.Type;
        var shape = new TileShape(inputs, combination.Terms.Length, elements => TileShape.Stride(outputType, elements));
        int partElements = PartElements(shape, output.Count);
        NonFinite nonFinite = default;
        for (int start = 0, count; start < output.Count; start += count)
        {
            count = Math.Min(partElements, output.Count - start);
            TileBuffers buffers = Rent();
            try
            {
                nonFinite += Combine(buffers, shape, combination, inputs, output, start, count);
            }
            catch (Exception e) when (DeviceFault.Is(e))
            {
                throw DeviceFault.Name(e, device);
            }
            finally
            {
                pool.Return(buffers);
            }
        }

        return nonFinite;
    }

    public void Gram(bool relativeToBase, ReadOnlySpan<TypedBytes> inputs, Span<double> leafSums)
    {
        int count = inputs.Length == 0 ? 0 : inputs[0].Count;
        int pairs = GramMatrix.PairCount(inputs.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(leafSums.Length, GramOrder.LeafCount(count) * pairs);
        foreach (TypedBytes input in inputs)
            ArgumentOutOfRangeException.ThrowIfNotEqual(input.Count, count);

        var shape = new TileShape(inputs, terms: 0, elements => (long)GramOrder.LeafCount(elements) * pairs * sizeof(double));
        int partElements = PartElements(shape, count);
        for (int start = 0, elements; start < count; start += elements)
        {
            elements = Math.Min(partElements, count - start);
            Span<double> sums = leafSums.Slice(GramOrder.LeafCount(start) * pairs, GramOrder.LeafCount(elements) * pairs);
            TileBuffers buffers = Rent();
            try
            {
                Gram(buffers, shape, relativeToBase, inputs, start, elements, sums);
            }
            catch (Exception e) when (DeviceFault.Is(e))
            {
                throw DeviceFault.Name(e, device);
            }
            finally
            {
                pool.Return(buffers);
            }
        }
    }

    public void Dispose()
    {
        // The buffers are the backend's.
    }

    private NonFinite Combine(
        TileBuffers buffers, TileShape shape, LinearCombination combination, ReadOnlySpan<TypedBytes> inputs, TypedBytes output, int start, int count)
    {
        Span<DeviceTerm> terms = MemoryMarshal.Cast<byte, DeviceTerm>(buffers.Host(TileShape.TermsAt, shape.InputsAt - TileShape.TermsAt));
        for (int k = 0; k < terms.Length; k++)
        {
            Term term = combination.Terms[k];
            terms[k] = new DeviceTerm { Weight = term.Weight, IsRelative = term.Kind == TermKind.RelativeToBase ? 1 : 0 };
        }

        CopyIn(buffers, shape, inputs, start, count);

        long resultAt = shape.ResultAt(count) + TileShape.CountBytes;
        long resultBytes = TileShape.Stride(output.Type, count);
        kernels.Combine(shape.Common, output.Type)(
            buffers.Stream,
            kernels.CombineConfig(count),
            buffers.Tensors(shape.KernelInputsAt(count), shape.KernelInputsAt(count) + (inputs.Length * TileShape.Stride(shape.Common, count))),
            buffers.Tensors(resultAt, resultAt + resultBytes),
            buffers.Device<DeviceTerm>(TileShape.TermsAt, shape.InputsAt - TileShape.TermsAt),
            buffers.Device<long>(shape.ResultAt(count), TileShape.CountBytes),
            new CombineShape
            {
                Elements = count,
                Stride = TileShape.Stride(shape.Common, count) / WordBytes,
                Terms = terms.Length,
                UsesBase = combination.UsesBase ? 1 : 0,
                StartsFromBase = combination.StartsFromBase ? 1 : 0,
            });

        TypedBytes part = output.Slice(start, count);
        buffers.CopyOut(shape.ResultAt(count), resultAt + resultBytes);
        buffers.Synchronize();
        buffers.Host(resultAt, part.Bytes.Length).CopyTo(part.Bytes.Span);
        Span<long> counts = MemoryMarshal.Cast<byte, long>(buffers.Host(shape.ResultAt(count), TileShape.CountBytes));
        return new NonFinite(counts[0], counts[1]);
    }

    private void Gram(
        TileBuffers buffers, TileShape shape, bool relativeToBase, ReadOnlySpan<TypedBytes> inputs, int start, int count, Span<double> sums)
    {
        CopyIn(buffers, shape, inputs, start, count);

        long resultAt = shape.ResultAt(count) + TileShape.CountBytes;
        long resultBytes = (long)sums.Length * sizeof(double);
        kernels.Gram(shape.Common)(
            buffers.Stream,
            kernels.GramConfig(GramOrder.LeafCount(count) * GramKernel.TasksPerLeaf(inputs.Length)),
            buffers.Tensors(shape.KernelInputsAt(count), shape.KernelInputsAt(count) + (inputs.Length * TileShape.Stride(shape.Common, count))),
            buffers.Device<double>(resultAt, resultBytes),
            new GramShape
            {
                Elements = count,
                Stride = TileShape.Stride(shape.Common, count) / WordBytes,
                Order = inputs.Length,
                RelativeToBase = relativeToBase ? 1 : 0,
            });

        buffers.CopyOut(resultAt, resultAt + resultBytes);
        buffers.Synchronize();
        MemoryMarshal.Cast<byte, double>(buffers.Host(resultAt, resultBytes)).CopyTo(sums);
    }

    /// <summary>Copies a part of the inputs to the device, with what precedes them and the counts, and converts them if they are of several types.</summary>
    private void CopyIn(TileBuffers buffers, TileShape shape, ReadOnlySpan<TypedBytes> inputs, int start, int count)
    {
        for (int k = 0; k < inputs.Length; k++)
        {
            Span<byte> from = inputs[k].Slice(start, count).Bytes.Span;
            from.CopyTo(buffers.Host(shape.InputAt(k, count), from.Length));
        }

        long countsAt = shape.ResultAt(count);
        buffers.Host(countsAt, TileShape.CountBytes).Clear();
        buffers.CopyIn(0, countsAt + TileShape.CountBytes);
        if (!shape.IsMixed)
            return;

        long stride = TileShape.Stride(shape.Common, count);
        for (int k = 0; k < inputs.Length; k++)
        {
            long from = shape.InputAt(k, count);
            long to = shape.KernelInputsAt(count) + (k * stride);
            kernels.Combine(inputs[k].Type, shape.Common)(
                buffers.Stream,
                kernels.CombineConfig(count),
                buffers.Tensors(from, from + TileShape.Stride(inputs[k].Type, count)),
                buffers.Tensors(to, to + stride),
                buffers.Device<DeviceTerm>(TileShape.TermsAt, 0),
                buffers.Device<long>(TileShape.ScrapAt, TileShape.CountBytes),
                new CombineShape { Elements = count, UsesBase = 1, StartsFromBase = 1 });
        }
    }

    private TileBuffers Rent()
    {
        try
        {
            return pool.Rent();
        }
        catch (Exception e) when (DeviceFault.Is(e))
        {
            throw DeviceFault.Name(e, device);
        }
    }

    private int PartElements(TileShape shape, int count)
    {
        int elements = shape.Fit(count, pool.BufferBytes);
        return elements > 0 || count == 0
            ? elements
            : throw new DemException(
                ErrorCode.DeviceOutOfMemory,
                $"{device}: {shape.Bytes(Math.Min(count, GramOrder.LeafElements))} bytes of device memory are needed at once, and a buffer has {pool.BufferBytes}");
    }
}
