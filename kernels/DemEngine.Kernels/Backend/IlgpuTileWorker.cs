using System.Runtime.InteropServices;
using DemEngine.Backends;
using DemEngine.Kernels.Deltas;
using DemEngine.Kernels.Devices;
using DemEngine.Kernels.Launching;
using DemEngine.Kernels.Rows;
using DemEngine.Kernels.Streaming;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Kernels.Backend;

/// <summary>
/// A worker that computes tiles on the device, in parts where a tile is larger than a buffer. It gathers the inputs in
/// page-locked memory, and enqueues the copy in, the kernels and the copy out on one stream. The tile's bytes need no alignment.
/// </summary>
internal sealed class IlgpuTileWorker(
    string device,
    KernelTable kernels,
    DeltaKernelTable deltaKernels,
    RowKernelTable rowKernels,
    TileBufferPool pool,
    TimelineRecorder recorder)
    : ITileWorker
{
    private readonly DeltaTileWorker _deltas = new(device, kernels, deltaKernels, rowKernels, pool);

    private readonly ColumnTileWorker _columns = new(device, kernels, rowKernels, pool);

    public IDeltaWorker Deltas => _deltas;

    public bool TryColumnGram(
        ReadOnlySpan<TermKind> kinds, ReadOnlySpan<TypedBytes> inputs, int columns, int leafRows, Span<double> leafSums) =>
        _columns.TryGram(kinds, inputs, columns, leafRows, leafSums);

    public bool TryCombineColumns(
        LinearCombination sum,
        double[][] weights,
        int column,
        ReadOnlySpan<TypedBytes> inputs,
        TypedBytes output,
        out long nonFiniteOutputs) =>
        _columns.TryCombine(sum, weights, column, inputs, output, out nonFiniteOutputs);

    public NonFinite Combine(LinearCombination combination, ReadOnlySpan<TypedBytes> inputs, TypedBytes output)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(inputs.Length, combination.InputCount);
        foreach (TypedBytes input in inputs)
            ArgumentOutOfRangeException.ThrowIfNotEqual(input.Count, output.Count);

        var launch = new ElementwiseLaunch(kernels, combination, inputs, output.Type);
        int partElements = PartElements(launch.Shape, output.Count);
        NonFinite nonFinite = default;
        for (int start = 0, count; start < output.Count; start += count)
        {
            count = Math.Min(partElements, output.Count - start);
            try
            {
                using TileBufferPool.Loan loan = pool.Rent();
                nonFinite += Combine(loan.Buffers, launch, inputs, output.Slice(start, count), start);
            }
            catch (Exception e) when (DeviceFault.Is(e))
            {
                throw DeviceFault.Name(e, device);
            }
        }

        return nonFinite;
    }

    public void CombineEach(
        ReadOnlySpan<LinearCombination> combinations,
        ReadOnlySpan<TypedBytes> inputs,
        ReadOnlySpan<TypedBytes> outputs,
        Span<NonFinite> nonFinite)
    {
        int total = outputs.Length == 0 ? 0 : outputs[0].Count;
        var launch = combinations.Length > 1 && inputs.Length > 0
            ? new SweepLaunch(kernels, combinations, inputs, outputs)
            : null;
        int partElements = launch?.Shape.Fit(total, pool.BufferBytes) ?? 0;
        if (launch is null || partElements == 0)
        {
            for (int k = 0; k < combinations.Length; k++)
                nonFinite[k] = Combine(combinations[k], inputs, outputs[k]);
            return;
        }

        nonFinite.Clear();
        for (int start = 0, count; start < total; start += count)
        {
            count = Math.Min(partElements, total - start);
            try
            {
                using TileBufferPool.Loan loan = pool.Rent();
                Sweep(loan.Buffers, launch, inputs, outputs, start, count, nonFinite);
            }
            catch (Exception e) when (DeviceFault.Is(e))
            {
                throw DeviceFault.Name(e, device);
            }
        }
    }

    public void Gram(bool relativeToBase, ReadOnlySpan<TypedBytes> inputs, Span<double> leafSums)
    {
        int count = inputs.Length == 0 ? 0 : inputs[0].Count;
        int pairs = GramMatrix.PairCount(inputs.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(leafSums.Length, GramOrder.LeafCount(count) * pairs);
        foreach (TypedBytes input in inputs)
            ArgumentOutOfRangeException.ThrowIfNotEqual(input.Count, count);

        var types = new ElementType[inputs.Length];
        for (int k = 0; k < types.Length; k++)
            types[k] = inputs[k].Type;
        var shape = new TileShape(
            types,
            terms: 0,
            elements => (long)GramOrder.LeafCount(elements) * pairs * sizeof(double),
            needsOneType: true);
        int partElements = PartElements(shape, count);
        for (int start = 0, elements; start < count; start += elements)
        {
            elements = Math.Min(partElements, count - start);
            Span<double> sums = leafSums.Slice(GramOrder.LeafCount(start) * pairs, GramOrder.LeafCount(elements) * pairs);
            try
            {
                using TileBufferPool.Loan loan = pool.Rent();
                Gram(loan.Buffers, shape, relativeToBase, inputs, start, elements, sums);
            }
            catch (Exception e) when (DeviceFault.Is(e))
            {
                throw DeviceFault.Name(e, device);
            }
        }
    }

    /// <summary>Disposes the worker. The buffers belong to the backend and stay.</summary>
    public void Dispose() => _deltas.Dispose();

    private NonFinite Combine(
        TileBuffers buffers, ElementwiseLaunch launch, ReadOnlySpan<TypedBytes> inputs, TypedBytes part, int start)
    {
        launch.FillHost(buffers);
        using TimelineRecorder.TileMarks? marks = recorder.Begin(buffers.Stream);
        buffers.CopyIn(launch.Shape, inputs, start, part.Count);
        marks?.Mark();
        launch.Run(buffers, part.Count);
        marks?.Mark();

        long countsAt = launch.Shape.ResultAt(part.Count);
        long resultAt = countsAt + TileShape.CountBytes;
        buffers.CopyOut(countsAt, resultAt + TileShape.Stride(part.Type, part.Count));
        marks?.Mark();
        buffers.Synchronize();
        marks?.Note();
        buffers.Host(resultAt, part.Bytes.Length).CopyTo(part.Bytes.Span);
        Span<long> counts = MemoryMarshal.Cast<byte, long>(buffers.Host(countsAt, TileShape.CountBytes));
        return new NonFinite(counts[0], counts[1]);
    }

    private void Sweep(
        TileBuffers buffers,
        SweepLaunch launch,
        ReadOnlySpan<TypedBytes> inputs,
        ReadOnlySpan<TypedBytes> outputs,
        int start,
        int count,
        Span<NonFinite> nonFinite)
    {
        launch.FillHost(buffers);
        using TimelineRecorder.TileMarks? marks = recorder.Begin(buffers.Stream);
        buffers.CopyIn(launch.Shape, inputs, start, count);
        marks?.Mark();
        launch.Run(buffers, count);
        marks?.Mark();
        marks?.Mark();
        buffers.Synchronize();
        marks?.Note();
        for (int k = 0; k < outputs.Length; k++)
        {
            long countsAt = launch.CountsAt(k, count);
            Span<byte> part = outputs[k].Slice(start, count).Bytes.Span;
            buffers.Host(countsAt + TileShape.CountBytes, part.Length).CopyTo(part);
            Span<long> counts = MemoryMarshal.Cast<byte, long>(buffers.Host(countsAt, TileShape.CountBytes));
            nonFinite[k] += new NonFinite(counts[0], counts[1]);
        }
    }

    private void Gram(
        TileBuffers buffers,
        TileShape shape,
        bool relativeToBase,
        ReadOnlySpan<TypedBytes> inputs,
        int start,
        int count,
        Span<double> sums)
    {
        using TimelineRecorder.TileMarks? marks = recorder.Begin(buffers.Stream);
        buffers.CopyIn(shape, inputs, start, count);
        marks?.Mark();
        OneType.Convert(kernels, buffers, shape, count);

        long resultAt = shape.ResultAt(count) + TileShape.CountBytes;
        long resultBytes = (long)sums.Length * sizeof(double);
        kernels.Gram(shape.Common)(
            buffers.Stream,
            kernels.GramConfig(GramOrder.LeafCount(count) * GramKernel.TasksPerLeaf(inputs.Length)),
            buffers.KernelInputs(shape, count),
            buffers.Device<double>(resultAt, resultBytes),
            new GramShape
            {
                Elements = count,
                Stride = TileShape.Stride(shape.Common, count) / TileBuffers.WordBytes,
                Order = inputs.Length,
                RelativeToBase = relativeToBase ? 1 : 0,
            });

        marks?.Mark();
        buffers.CopyOut(resultAt, resultAt + resultBytes);
        marks?.Mark();
        buffers.Synchronize();
        marks?.Note();
        MemoryMarshal.Cast<byte, double>(buffers.Host(resultAt, resultBytes)).CopyTo(sums);
    }

    private int PartElements(TileShape shape, int count)
    {
        int elements = shape.Fit(count, pool.BufferBytes);
        return elements > 0 || count == 0
            ? elements
            : throw new DemException(
                ErrorCode.DeviceOutOfMemory,
                $"{device}: {shape.Bytes(Math.Min(count, GramOrder.LeafElements))}"
                + " bytes of device memory are needed at once, and a buffer has "
                + $"{pool.BufferBytes}");
    }
}
