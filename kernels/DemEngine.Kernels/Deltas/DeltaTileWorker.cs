using System.Runtime.InteropServices;
using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Kernels.Devices;
using DemEngine.Kernels.Launching;
using DemEngine.Kernels.Rows;
using DemEngine.Kernels.Streaming;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Kernels.Deltas;

/// <summary>
/// The operations on sparse differences, part by part: the inputs are copied in, the differences are taken and masked in device
/// memory, then combined, counted or summed, and the result is copied out. What does not fit a buffer is left to the processor:
/// with buffers of 16 MiB, leaves of hundreds of sources, and rows of more than half a million elements.
/// </summary>
internal sealed class DeltaTileWorker(
    string device, KernelTable kernels, DeltaKernelTable deltaKernels, RowKernelTable rowKernels, TileBufferPool pool)
    : IDeltaWorker, IDisposable
{
    private readonly RowTileWorker _rows = new(device, kernels, rowKernels, pool);
    private readonly ITileWorker _processor = new CpuBackend().CreateWorker();

    /// <summary>The processor, for what does not fit a buffer.</summary>
    private ITileWorker Processor
    {
        get
        {
            pool.NoteLeftToProcessor();
            return _processor;
        }
    }

    public NonFinite Combine(DeltaCombination combination, ReadOnlySpan<TypedBytes> inputs, long first, TypedBytes output)
    {
        Span<NonFinite> nonFinite = [default];
        CombineEach([combination], inputs, first, [output], nonFinite);
        return nonFinite[0];
    }

    public void CombineEach(
        ReadOnlySpan<DeltaCombination> combinations,
        ReadOnlySpan<TypedBytes> inputs,
        long first,
        ReadOnlySpan<TypedBytes> outputs,
        Span<NonFinite> nonFinite)
    {
        SparseDeltas deltas = combinations[0].Deltas;
        int total = outputs[0].Count;
        Check(inputs, deltas.InputCount, total);
        var types = new ElementType[outputs.Length];
        for (int k = 0; k < types.Length; k++)
            types[k] = outputs[k].Type;
        DeltaLayout layout = LayoutOf(
            deltas, inputs, first, elements => types.Sum(type => ResultBytes(type, elements)), outputs.Length);
        int part = layout.Shape.Fit(total, pool.BufferBytes);
        if (part == 0)
        {
            for (int k = 0; k < outputs.Length; k++)
            {
                if (outputs.Length > 1)
                    nonFinite[k] = Combine(combinations[k], inputs, first, outputs[k]);
                else
                    nonFinite[k] = Processor.Deltas.Combine(combinations[k], inputs, first, outputs[k]);
            }

            return;
        }

        nonFinite.Clear();
        for (int start = 0, count; start < total; start += count)
        {
            count = Math.Min(part, total - start);
            try
            {
                using TileBufferPool.Loan lent = pool.Rent();
                Combine(lent.Buffers, layout, combinations, inputs, first, start, count, outputs, nonFinite);
            }
            catch (Exception e) when (DeviceFault.Is(e))
            {
                throw DeviceFault.Name(e, device);
            }
        }
    }

    public void Histogram(
        DeltaKeys keys,
        ReadOnlySpan<TypedBytes> inputs,
        long first,
        ReadOnlySpan<KeyWindow> windows,
        Span<uint> counts)
    {
        int elements = inputs[0].Count;
        Check(inputs, keys.Sources.Length + 1, elements);
        SparseDeltas deltas = KeysAsDeltas(keys);
        long binBytes = (long)counts.Length * sizeof(uint);
        DeltaLayout layout = LayoutOf(deltas, inputs, first, _ => binBytes);
        int part = layout.Shape.Fit(elements, pool.BufferBytes);
        if (part == 0)
        {
            Processor.Deltas.Histogram(keys, inputs, first, windows, counts);
            return;
        }

        for (int start = 0, count; start < elements; start += count)
        {
            count = Math.Min(part, elements - start);
            try
            {
                using TileBufferPool.Loan lent = pool.Rent();
                Histogram(lent.Buffers, layout, deltas, keys, inputs, first, start, count, windows, counts);
            }
            catch (Exception e) when (DeviceFault.Is(e))
            {
                throw DeviceFault.Name(e, device);
            }
        }
    }

    public void Sums(SparseDeltas deltas, DeltaSum sum, ReadOnlySpan<TypedBytes> inputs, long first, Span<double> leafSums)
    {
        int elements = inputs[0].Count;
        Check(inputs, deltas.InputCount, elements);
        int numbers = deltas.Sources.Length * sum.PerSource;
        ArgumentOutOfRangeException.ThrowIfNotEqual(leafSums.Length, GramOrder.LeafCount(elements) * numbers);
        DeltaLayout layout = LayoutOf(
            deltas, inputs, first, count => (long)GramOrder.LeafCount(count) * numbers * sizeof(double));
        int part = layout.Shape.Fit(elements, pool.BufferBytes);
        if (part == 0)
        {
            Processor.Deltas.Sums(deltas, sum, inputs, first, leafSums);
            return;
        }

        for (int start = 0, count; start < elements; start += count)
        {
            count = Math.Min(part, elements - start);
            try
            {
                using TileBufferPool.Loan lent = pool.Rent();
                Sums(
                    lent.Buffers, layout, deltas, sum, inputs, first, start, count,
                    leafSums.Slice(GramOrder.LeafCount(start) * numbers, GramOrder.LeafCount(count) * numbers));
            }
            catch (Exception e) when (DeviceFault.Is(e))
            {
                throw DeviceFault.Name(e, device);
            }
        }
    }

    public void Rank(TermKind kind, ReadOnlySpan<TypedBytes> inputs, int rowElements, Span<uint> ranks)
    {
        if (!_rows.TryRank(kind, inputs, rowElements, ranks))
            Processor.Deltas.Rank(kind, inputs, rowElements, ranks);
    }

    public void Diverge(TermKind kind, ReadOnlySpan<TypedBytes> inputs, int rowElements, Span<float> divergences)
    {
        if (!_rows.TryDiverge(kind, inputs, rowElements, divergences))
            Processor.Deltas.Diverge(kind, inputs, rowElements, divergences);
    }

    public void Dispose() => _processor.Dispose();

    private void Combine(
        TileBuffers buffers,
        DeltaLayout layout,
        ReadOnlySpan<DeltaCombination> combinations,
        ReadOnlySpan<TypedBytes> inputs,
        long first,
        int start,
        int count,
        ReadOnlySpan<TypedBytes> outputs,
        Span<NonFinite> nonFinite)
    {
        SparseDeltas deltas = combinations[0].Deltas;
        int sources = deltas.Sources.Length;
        Span<DeviceWeights> weights = layout.HostWeights(buffers);
        for (int k = 0; k < weights.Length; k++)
        {
            DeltaWeights of = combinations[k / sources].Weights[k % sources];
            weights[k] = new DeviceWeights { Weight = of.Weight, Vote = of.Vote, Share = of.Share };
        }

        var launch = new DeltaLaunch(kernels, deltaKernels, layout, deltas, buffers, inputs, first, start, count);
        launch.CopyIn(inputs);
        launch.TakeDifferences();
        launch.Filter();

        // The counts of an output lie before its result. Those of the first output were cleared as the inputs were copied in.
        long at = layout.Shape.ResultAt(count);
        for (int k = 0; k < outputs.Length; k++)
        {
            if (k > 0)
                buffers.Clear(at, at + TileShape.CountBytes);
            long end = at + ResultBytes(outputs[k].Type, count);
            deltaKernels.Mix(inputs[0].Type, outputs[k].Type)(
                buffers.Stream,
                kernels.ElementwiseConfig(count),
                buffers.Input(layout.Shape, 0, count),
                layout.Deltas(buffers, count),
                buffers.Tensors(at + TileShape.CountBytes, end),
                layout.Weights(buffers, k),
                buffers.Device<long>(at, TileShape.CountBytes),
                new MixShape
                {
                    Elements = count,
                    Stride = DeltaLayout.Stride(count) / TileBuffers.WordBytes,
                    Sources = sources,
                    Mixing = (int)combinations[k].Mixing,
                });
            at = end;
        }

        buffers.CopyOut(layout.Shape.ResultAt(count), at);
        buffers.Synchronize();
        at = layout.Shape.ResultAt(count);
        for (int k = 0; k < outputs.Length; k++)
        {
            TypedBytes part = outputs[k].Slice(start, count);
            buffers.Host(at + TileShape.CountBytes, part.Bytes.Length).CopyTo(part.Bytes.Span);
            long hit = MemoryMarshal.Cast<byte, long>(buffers.Host(at, TileShape.CountBytes))[1];
            if (hit != 0)
                nonFinite[k] += new NonFinite(NonFiniteInputs.Count(inputs[..(sources + 1)], start, part, _processor), hit);
            at += ResultBytes(part.Type, count);
        }
    }

    private void Histogram(
        TileBuffers buffers,
        DeltaLayout layout,
        SparseDeltas deltas,
        DeltaKeys keys,
        ReadOnlySpan<TypedBytes> inputs,
        long first,
        int start,
        int count,
        ReadOnlySpan<KeyWindow> windows,
        Span<uint> counts)
    {
        var launch = new DeltaLaunch(kernels, deltaKernels, layout, deltas, buffers, inputs, first, start, count);
        launch.CopyIn(inputs);
        launch.TakeDifferences();
        if (keys is VarianceKeys)
            launch.WriteSpreadKeys();

        long binsAt = layout.ResultAt(count);
        buffers.Clear(binsAt, binsAt + (counts.Length * sizeof(uint)));
        long bin = 0;
        foreach (KeyWindow window in windows)
        {
            launch.Count(keys, window, buffers.Device<uint>(binsAt + (bin * sizeof(uint)), (long)window.Counts * sizeof(uint)));
            bin += window.Counts;
        }

        buffers.CopyOut(binsAt, binsAt + (counts.Length * sizeof(uint)));
        buffers.Synchronize();
        ReadOnlySpan<uint> counted = MemoryMarshal.Cast<byte, uint>(buffers.Host(binsAt, counts.Length * sizeof(uint)));
        for (int k = 0; k < counts.Length; k++)
            counts[k] += counted[k];
    }

    private void Sums(
        TileBuffers buffers,
        DeltaLayout layout,
        SparseDeltas deltas,
        DeltaSum sum,
        ReadOnlySpan<TypedBytes> inputs,
        long first,
        int start,
        int count,
        Span<double> leafSums)
    {
        var launch = new DeltaLaunch(kernels, deltaKernels, layout, deltas, buffers, inputs, first, start, count);
        launch.CopyIn(inputs);
        launch.TakeDifferences();
        long sumsAt = layout.ResultAt(count);
        long sumBytes = (long)leafSums.Length * sizeof(double);
        var sums = buffers.Device<double>(sumsAt, sumBytes);
        if (sum == DeltaSum.Norms)
            launch.Sum(sums, SumShape.Magnitudes, number: 0, of: 2);
        launch.Filter();
        if (sum == DeltaSum.Norms)
            launch.Sum(sums, SumShape.Magnitudes, number: 1, of: 2);
        else if (sum == DeltaSum.Squares)
            launch.Sum(sums, SumShape.Squares, number: 0, of: 1);
        else
            launch.CountOverlap(sums);

        buffers.CopyOut(sumsAt, sumsAt + sumBytes);
        buffers.Synchronize();
        MemoryMarshal.Cast<byte, double>(buffers.Host(sumsAt, sumBytes)).CopyTo(leafSums);
    }

    /// <summary>Size in bytes of the counts and the result of an output.</summary>
    private static long ResultBytes(ElementType type, int elements) => TileShape.CountBytes + TileShape.Stride(type, elements);

    private static DeltaLayout LayoutOf(
        SparseDeltas deltas, ReadOnlySpan<TypedBytes> inputs, long first, Func<int, long> resultBytes, int outputs = 1)
    {
        int factors = 0;
        foreach (RowFactors ofRows in deltas.Sources.Select(source => source.Filter.Factors).OfType<RowFactors>())
            factors += DeltaLayout.FactorsOf(ofRows, first, inputs[0].Count).Length;
        return new DeltaLayout(inputs, deltas.Sources.Length, factors, resultBytes, outputs);
    }

    /// <summary>The differences whose keys are wanted; importance keys bring their row factors.</summary>
    private static SparseDeltas KeysAsDeltas(DeltaKeys keys) =>
        new([.. keys.Sources.Select(kind => new SparseDelta(
            kind,
            keys is ImportanceKeys importance
                ? new ImportanceMask(importance.Factors, Threshold.BelowAll)
                : DeltaMask.None))]);

    private static void Check(ReadOnlySpan<TypedBytes> inputs, int expected, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(inputs.Length, expected);
        foreach (TypedBytes input in inputs)
            ArgumentOutOfRangeException.ThrowIfNotEqual(input.Count, count);
    }
}
