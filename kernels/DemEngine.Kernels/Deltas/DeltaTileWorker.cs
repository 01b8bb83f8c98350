using System.Runtime.InteropServices;
using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Kernels.Devices;
using DemEngine.Kernels.Launching;
using DemEngine.Kernels.Streaming;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Kernels.Deltas;

/// <summary>
/// The operations on sparse differences, part by part: the inputs are copied in, the differences are taken and masked in device
/// memory, then combined, counted or summed, and the result is copied out. Ranks in rows and divergences of rows are left to the
/// processor, and so is everything that does not fit a buffer.
/// </summary>
internal sealed class DeltaTileWorker(string device, KernelTable kernels, DeltaKernelTable deltaKernels, TileBufferPool pool)
    : IDeltaWorker, IDisposable
{
    private readonly ITileWorker _processor = new CpuBackend().CreateWorker();

    public NonFinite Combine(DeltaCombination combination, ReadOnlySpan<TypedBytes> inputs, long first, TypedBytes output)
    {
        SparseDeltas deltas = combination.Deltas;
        Check(inputs, deltas.InputCount, output.Count);
        ElementType outputType = output.Type;
        DeltaLayout layout = LayoutOf(deltas, inputs, first, elements => TileShape.Stride(outputType, elements));
        int part = layout.Shape.Fit(output.Count, pool.BufferBytes);
        if (part == 0)
            return _processor.Deltas.Combine(combination, inputs, first, output);

        NonFinite nonFinite = default;
        for (int start = 0, count; start < output.Count; start += count)
        {
            count = Math.Min(part, output.Count - start);
            try
            {
                using TileBufferPool.Loan lent = pool.Rent();
                nonFinite += Combine(lent.Buffers, layout, combination, inputs, first, start, output.Slice(start, count));
            }
            catch (Exception e) when (DeviceFault.Is(e))
            {
                throw DeviceFault.Name(e, device);
            }
        }

        return nonFinite;
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
            _processor.Deltas.Histogram(keys, inputs, first, windows, counts);
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
            _processor.Deltas.Sums(deltas, sum, inputs, first, leafSums);
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

    public void Rank(TermKind kind, ReadOnlySpan<TypedBytes> inputs, int rowElements, Span<uint> ranks) =>
        _processor.Deltas.Rank(kind, inputs, rowElements, ranks);

    public void Diverge(TermKind kind, ReadOnlySpan<TypedBytes> inputs, int rowElements, Span<float> divergences) =>
        _processor.Deltas.Diverge(kind, inputs, rowElements, divergences);

    public void Dispose() => _processor.Dispose();

    private NonFinite Combine(
        TileBuffers buffers,
        DeltaLayout layout,
        DeltaCombination combination,
        ReadOnlySpan<TypedBytes> inputs,
        long first,
        int start,
        TypedBytes output)
    {
        int count = output.Count;
        int sources = combination.Weights.Length;
        Span<DeviceWeights> weights = layout.HostWeights(buffers);
        for (int k = 0; k < sources; k++)
        {
            DeltaWeights of = combination.Weights[k];
            weights[k] = new DeviceWeights { Weight = of.Weight, Vote = of.Vote, Share = of.Share };
        }

        var launch = new DeltaLaunch(kernels, deltaKernels, layout, combination.Deltas, buffers, inputs, first, start, count);
        launch.CopyIn(inputs);
        launch.TakeDifferences();
        launch.Filter();

        long resultAt = layout.ResultAt(count);
        long resultEnd = resultAt + TileShape.Stride(output.Type, count);
        deltaKernels.Mix(inputs[0].Type, output.Type)(
            buffers.Stream,
            kernels.ElementwiseConfig(count),
            buffers.Input(layout.Shape, 0, count),
            layout.Deltas(buffers, count),
            buffers.Tensors(resultAt, resultEnd),
            layout.Weights(buffers),
            buffers.Device<long>(layout.Shape.ResultAt(count), TileShape.CountBytes),
            new MixShape
            {
                Elements = count,
                Stride = DeltaLayout.Stride(count) / TileBuffers.WordBytes,
                Sources = sources,
                Mixing = (int)combination.Mixing,
            });

        buffers.CopyOut(layout.Shape.ResultAt(count), resultEnd);
        buffers.Synchronize();
        buffers.Host(resultAt, output.Bytes.Length).CopyTo(output.Bytes.Span);
        long outputs = MemoryMarshal.Cast<byte, long>(buffers.Host(layout.Shape.ResultAt(count), TileShape.CountBytes))[1];
        return outputs == 0
            ? default
            : new NonFinite(NonFiniteInputs.Count(inputs[..(sources + 1)], start, output, _processor), outputs);
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

    private static DeltaLayout LayoutOf(
        SparseDeltas deltas, ReadOnlySpan<TypedBytes> inputs, long first, Func<int, long> resultBytes)
    {
        int factors = 0;
        foreach (RowFactors ofRows in deltas.Sources.Select(source => source.Filter.Factors).OfType<RowFactors>())
            factors += DeltaLayout.FactorsOf(ofRows, first, inputs[0].Count).Length;
        return new DeltaLayout(inputs, deltas.Sources.Length, factors, resultBytes);
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
