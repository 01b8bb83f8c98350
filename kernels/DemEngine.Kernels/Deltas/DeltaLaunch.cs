using DemEngine.Kernels.Elements;
using DemEngine.Kernels.Launching;
using DemEngine.Kernels.Streaming;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;
using ILGPU;

namespace DemEngine.Kernels.Deltas;

/// <summary>Launches the kernels for one part of a tile on its buffer's stream, in the order in which they are called.</summary>
internal readonly ref struct DeltaLaunch
{
    private readonly KernelTable _kernels;
    private readonly DeltaKernelTable _deltaKernels;
    private readonly DeltaLayout _layout;
    private readonly SparseDeltas _deltas;
    private readonly TileBuffers _buffers;
    private readonly ReadOnlySpan<TypedBytes> _inputs;
    private readonly long _first;
    private readonly int _start;
    private readonly int _count;

    /// <summary>Collects the parameters of the launches. Nothing is launched yet.</summary>
    /// <param name="kernels">Kernels that take differences.</param>
    /// <param name="deltaKernels">Kernels that work on differences.</param>
    /// <param name="layout">Layout of the buffer.</param>
    /// <param name="deltas">The sources and their masks.</param>
    /// <param name="buffers">Buffer of this part.</param>
    /// <param name="inputs">Inputs of the whole tile.</param>
    /// <param name="first">Index in the tensor of the tile's first element.</param>
    /// <param name="start">Index in the tile of the part's first element.</param>
    /// <param name="count">Number of elements in the part.</param>
    public DeltaLaunch(
        KernelTable kernels,
        DeltaKernelTable deltaKernels,
        DeltaLayout layout,
        SparseDeltas deltas,
        TileBuffers buffers,
        ReadOnlySpan<TypedBytes> inputs,
        long first,
        int start,
        int count)
    {
        _kernels = kernels;
        _deltaKernels = deltaKernels;
        _layout = layout;
        _deltas = deltas;
        _buffers = buffers;
        _inputs = inputs;
        _first = first;
        _start = start;
        _count = count;
    }

    private int Sources => _deltas.Sources.Length;

    private KernelConfig Elementwise => _kernels.ElementwiseConfig(_count);

    private long WordStride => DeltaLayout.Stride(_count) / TileBuffers.WordBytes;

    /// <summary>Enqueues the copies of the inputs, and of the data before them, to device memory.</summary>
    public void CopyIn(ReadOnlySpan<TypedBytes> inputs)
    {
        // The factors of the whole tile, of one mask after another.
        Span<float> factors = _layout.HostFactors(_buffers);
        foreach (SparseDelta source in _deltas.Sources)
        {
            if (source.Filter.Factors is not { } ofRows)
                continue;
            ReadOnlySpan<float> ofTile = DeltaLayout.FactorsOf(ofRows, _first, _inputs[0].Count);
            ofTile.CopyTo(factors);
            factors = factors[ofTile.Length..];
        }

        _buffers.CopyIn(_layout.Shape, inputs, _start, _count);
    }

    /// <summary>Computes δ of every source, in binary32.</summary>
    public void TakeDifferences()
    {
        var scrap = _buffers.Device<long>(TileShape.ScrapAt, TileShape.CountBytes);
        for (int k = 0; k < Sources; k++)
        {
            ArrayView<Words4> delta = _layout.Delta(_buffers, k, _count);
            ArrayView<Words4> x = _buffers.Input(_layout.Shape, k + 1, _count);
            ElementType type = _inputs[k + 1].Type;
            if (_deltas.Sources[k].Kind == TermKind.RelativeToBase)
            {
                _kernels.Extract(_inputs[0].Type, type, ElementType.F32)(
                    _buffers.Stream,
                    Elementwise,
                    _buffers.Input(_layout.Shape, 0, _count),
                    x,
                    delta,
                    scrap,
                    new ExtractShape { Elements = _count });
            }
            else
            {
                _kernels.Convert(type, ElementType.F32)(_buffers.Stream, Elementwise, x, delta, scrap, _count);
            }
        }
    }

    /// <summary>Applies the masks to the differences, in place.</summary>
    public void Filter()
    {
        if (_deltas.Variance is { } least)
            Spread(least, writesKeys: false);

        int ranks = Sources + 1;
        long factorsAt = 0;
        for (int k = 0; k < Sources; k++)
        {
            DeltaMask filter = _deltas.Sources[k].Filter;
            if (filter is KeepAll)
                continue;

            ArrayView<float> factors = _layout.Factors(_buffers);
            DeviceMask told = DeviceMask.Of(filter);
            if (filter.Factors is { } ofRows)
            {
                long length = DeltaLayout.FactorsOf(ofRows, _first, _inputs[0].Count).Length;
                factors = factors.SubView(factorsAt, length);
                told.Rows = DeviceRows.Of(ofRows, _first, _first + _start);
                factorsAt += length;
            }

            _deltaKernels.Filter(
                _buffers.Stream,
                Elementwise,
                _layout.Deltas(_buffers, _count),
                filter.NeedsRanks ? _buffers.Input(_layout.Shape, ranks++, _count) : _layout.Delta(_buffers, k, _count),
                factors,
                new FilterShape { Elements = _count, Start = k * WordStride, First = _first + _start, Filter = told });
        }
    }

    /// <summary>Writes the keys of the variance of the sources' differences.</summary>
    public void WriteSpreadKeys() => Spread(default, writesKeys: true);

    /// <summary>Counts the keys of one stream.</summary>
    public void Count(DeltaKeys keys, KeyWindow window, ArrayView<uint> bins)
    {
        var shape = new CountShape
        {
            Elements = _count,
            WindowFirst = window.First,
            WindowShift = window.Shift,
            WindowBins = window.Bins,
            CountsFirsts = window.CountsFirsts ? 1 : 0,
        };
        ArrayView<Words4> from = _layout.Delta(_buffers, window.Stream, _count);
        if (keys is VarianceKeys)
        {
            shape.Kind = CountShape.OfKeys;
            from = _layout.Keys(_buffers, _count);
        }
        else if (keys is ImportanceKeys importance)
        {
            shape.Kind = CountShape.OfImportances;
            shape.Rows = DeviceRows.Of(importance.Factors, _first, _first + _start);
        }

        _deltaKernels.Count(_buffers.Stream, Elementwise, from, _layout.Factors(_buffers), bins, shape);
    }

    /// <summary>Sums over every source's differences in their present state, before or after the masks.</summary>
    /// <param name="sums">Sums of the leaves.</param>
    /// <param name="kind">Kind of sum, as <see cref="SumShape.Kind"/>.</param>
    /// <param name="number">Index of the number among those of a source.</param>
    /// <param name="of">Count of numbers per source.</param>
    public void Sum(ArrayView<double> sums, int kind, int number, int of)
    {
        for (int k = 0; k < Sources; k++)
        {
            _deltaKernels.Sum(
                _buffers.Stream,
                _kernels.GramConfig(GramOrder.LeafCount(_count)),
                _layout.Delta(_buffers, k, _count).Cast<float>(),
                sums,
                new SumShape { Elements = _count, Kind = kind, Numbers = Sources * of, Number = (k * of) + number });
        }
    }

    /// <summary>
    /// Counts the differences that are not 0, separately where all other sources' differences are 0 and where they are not.
    /// </summary>
    public void CountOverlap(ArrayView<double> sums)
    {
        for (int k = 0; k < Sources; k++)
        {
            _deltaKernels.Overlap(
                _buffers.Stream,
                _kernels.GramConfig(GramOrder.LeafCount(_count)),
                _layout.Deltas(_buffers, _count).Cast<uint>(),
                sums,
                new OverlapShape
                {
                    Elements = _count,
                    Stride = DeltaLayout.Stride(_count) / sizeof(uint),
                    Sources = Sources,
                    Source = k,
                });
        }
    }

    private void Spread(Threshold least, bool writesKeys) => _deltaKernels.Spread(
        _buffers.Stream,
        Elementwise,
        _layout.Deltas(_buffers, _count),
        _layout.Keys(_buffers, _count),
        new VarianceShape
        {
            Elements = _count,
            Stride = WordStride,
            Sources = Sources,
            First = _first + _start,
            LeastKey = least.Key,
            LeastTie = least.LastTie,
            WritesKeys = writesKeys ? 1 : 0,
        });
}
