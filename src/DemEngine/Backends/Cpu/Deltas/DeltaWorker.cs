using System.Runtime.InteropServices;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;
using DemEngine.Numerics.Elements;
using DemEngine.Numerics.Simd;

namespace DemEngine.Backends.Cpu.Deltas;

/// <summary>
/// Worker for the operations on sparse differences, block by block in the cache: decode, mask, and then combine, count or sum.
/// </summary>
internal sealed class DeltaWorker<TWidth, TVector> : IDeltaWorker, IDisposable
    where TWidth : IVectorWidth<TVector>
    where TVector : struct
{
    private const int LeafElements = DeltaBlock<TWidth, TVector>.Most;

    // Blocks are so small that the differences of some sources stay in the first-level cache.
    private const int BlockElements = KeepMaskCache.BlockElements;

    private readonly DeltaBlock<TWidth, TVector> _block = new();
    private readonly uint[] _words;
    private readonly uint[] _found = new uint[LeafElements];
    private readonly MaskKernel<TWidth, TVector> _masks;
    private readonly ITileWorker _worker;
    private readonly RankSort _sort = new();
    private uint[] _row = [];
    private NativeBuffer? _rows;

    /// <param name="worker">Worker that computes linear combinations.</param>
    /// <param name="drawn">Cache of the bits that random masks have drawn.</param>
    public DeltaWorker(ITileWorker worker, KeepMaskCache drawn)
    {
        _worker = worker;
        _words = new uint[LeafElements];
        _masks = new MaskKernel<TWidth, TVector>(_words, drawn);
    }

    public NonFinite Combine(DeltaCombination combination, ReadOnlySpan<TypedBytes> inputs, long first, TypedBytes output)
    {
        NonFinite nonFinite = default;
        CombineEach([combination], inputs, first, [output], new Span<NonFinite>(ref nonFinite));
        return nonFinite;
    }

    public void CombineEach(
        ReadOnlySpan<DeltaCombination> combinations,
        ReadOnlySpan<TypedBytes> inputs,
        long first,
        ReadOnlySpan<TypedBytes> outputs,
        Span<NonFinite> nonFinite)
    {
        SparseDeltas deltas = combinations[0].Deltas;
        Check(inputs, deltas.InputCount, outputs[0].Count);
        TermKind[] kinds = [.. deltas.Sources.Select(source => source.Kind)];
        var weights = new ConsensusWeights[combinations.Length][];
        for (int k = 0; k < weights.Length; k++)
            weights[k] = ConsensusWeights.Of(combinations[k].Weights.AsSpan());
        nonFinite.Clear();
        for (int start = 0; start < outputs[0].Count; start += BlockElements)
        {
            int count = Math.Min(BlockElements, outputs[0].Count - start);
            _block.Load(kinds, inputs, start, count, _worker);
            Filter(deltas, inputs, start, first + start, storesDraws: false);
            TypedBytes b = inputs[0].Slice(start, count);
            for (int k = 0; k < combinations.Length; k++)
            {
                TypedBytes part = outputs[k].Slice(start, count);
                NonFinite made = FloatElements.Dispatch<BaseVisitor, NonFinite>(
                    b.Type, new BaseVisitor(_block, weights[k], combinations[k].Mixing, b, part));
                if (made.Outputs > 0)
                    nonFinite[k] += made
                        + new NonFinite(NonFiniteInputs.Count(inputs[..(kinds.Length + 1)], start, part, _worker), 0);
            }
        }
    }

    public void Histogram(
        DeltaKeys keys, ReadOnlySpan<TypedBytes> inputs, long first, ReadOnlySpan<KeyWindow> windows, Span<uint> counts)
    {
        ReadOnlySpan<TermKind> kinds = keys.Sources.AsSpan();
        Check(inputs, kinds.Length + 1, inputs[0].Count);
        for (int start = 0; start < inputs[0].Count; start += BlockElements)
        {
            _block.Load(kinds, inputs, start, Math.Min(BlockElements, inputs[0].Count - start), _worker);
            Span<uint> ofStream = default;
            int stream = -1;
            int bin = 0;
            foreach (KeyWindow window in windows)
            {
                if (window.Stream != stream)
                    ofStream = Keys(keys, stream = window.Stream, first + start);
                CountKernel<TWidth, TVector>.Run(ofStream, _block.Count, window, counts.Slice(bin, window.Counts), _found);
                bin += window.Counts;
            }
        }
    }

    public void Sums(SparseDeltas deltas, DeltaSum sum, ReadOnlySpan<TypedBytes> inputs, long first, Span<double> leafSums)
    {
        int count = inputs[0].Count;
        Check(inputs, deltas.InputCount, count);
        TermKind[] kinds = [.. deltas.Sources.Select(source => source.Kind)];
        int numbers = kinds.Length * sum.PerSource;
        ArgumentOutOfRangeException.ThrowIfNotEqual(leafSums.Length, GramOrder.LeafCount(count) * numbers);
        for (int start = 0, at = 0; start < count; start += LeafElements, at += numbers)
        {
            _block.Load(kinds, inputs, start, Math.Min(LeafElements, count - start), _worker);
            Span<double> sums = leafSums.Slice(at, numbers);
            if (sum == DeltaSum.Norms)
            {
                for (int k = 0; k < kinds.Length; k++)
                    sums[2 * k] = SumKernel<TWidth, TVector>.Magnitudes(Padded(k));
            }

            Filter(deltas, inputs, start, first + start, storesDraws: true);
            for (int k = 0; k < kinds.Length && sum != DeltaSum.Overlap; k++)
            {
                if (sum == DeltaSum.Norms)
                    sums[(2 * k) + 1] = SumKernel<TWidth, TVector>.Magnitudes(Padded(k));
                else
                    sums[k] = SumKernel<TWidth, TVector>.Squares(Padded(k));
            }

            if (sum == DeltaSum.Overlap)
                SumKernel<TWidth, TVector>.Overlap(_block, kinds.Length, sums);
        }
    }

    public void Rank(TermKind kind, ReadOnlySpan<TypedBytes> inputs, int rowElements, Span<uint> ranks)
    {
        Check(inputs, 2, ranks.Length);
        if (_row.Length < rowElements)
            _row = new uint[rowElements];
        for (int row = 0; row < ranks.Length; row += rowElements)
        {
            for (int start = 0; start < rowElements; start += LeafElements)
            {
                int count = Math.Min(LeafElements, rowElements - start);
                _block.Load([kind], inputs, row + start, count, _worker);
                Span<uint> keys = MemoryMarshal.Cast<float, uint>(Padded(0));
                KeyKernel<TWidth, TVector>.Magnitudes(keys);
                keys[..count].CopyTo(_row.AsSpan(start));
            }

            _sort.Run(_row.AsSpan(0, rowElements), ranks.Slice(row, rowElements));
        }
    }

    public void Diverge(TermKind kind, ReadOnlySpan<TypedBytes> inputs, int rowElements, Span<float> divergences)
    {
        Check(inputs, 2, divergences.Length * rowElements);
        int padded = SoftmaxDivergence.Padded(rowElements);
        int bytes = 2 * padded * sizeof(double);
        if (_rows is null || _rows.Length < bytes)
        {
            _rows?.Dispose();
            _rows = new NativeBuffer(bytes);
        }

        Span<double> rows = MemoryMarshal.Cast<byte, double>(_rows.Bytes.Span);
        for (int row = 0; row < divergences.Length; row++)
        {
            TypedBytes b = inputs[0].Slice(row * rowElements, rowElements);
            TypedBytes x = inputs[1].Slice(row * rowElements, rowElements);
            if (kind == TermKind.RelativeToBase)
                _worker.Combine(
                    LinearCombination.BaseAlone,
                    [x],
                    new TypedBytes(ElementType.F64, _rows.Bytes.Slice(0, rowElements * sizeof(double))));
            else
                _worker.Combine(
                    LinearCombination.BaseAndDifference,
                    [b, x],
                    new TypedBytes(ElementType.F64, _rows.Bytes.Slice(0, rowElements * sizeof(double))));
            _worker.Combine(
                LinearCombination.BaseAlone,
                [b],
                new TypedBytes(ElementType.F64, _rows.Bytes.Slice(padded * sizeof(double), rowElements * sizeof(double))));
            divergences[row] = SoftmaxDivergence.Of(rows[..padded], rows.Slice(padded, padded), rowElements);
        }
    }

    public void Dispose()
    {
        _block.Dispose();
        _rows?.Dispose();
    }

    /// <summary>The block's differences of one source, padded to whole vectors.</summary>
    private Span<float> Padded(int source) => _block[source][.._block.PaddedCount];

    /// <summary>
    /// Computes the keys of a stream. They overwrite differences that are not needed again, or lie in the worker's buffer of
    /// words.
    /// </summary>
    private Span<uint> Keys(DeltaKeys keys, int stream, long first)
    {
        Span<uint> place = MemoryMarshal.Cast<float, uint>(Padded(stream));
        switch (keys)
        {
            case VarianceKeys spread:
                Span<uint> words = _words.AsSpan(0, _block.PaddedCount);
                KeyKernel<TWidth, TVector>.Spread(_block, spread.Kinds.Length, words);
                return words;
            case ImportanceKeys importance:
                KeyKernel<TWidth, TVector>.Importances(place, first, importance.Factors);
                return place;
            default:
                KeyKernel<TWidth, TVector>.Magnitudes(place);
                return place;
        }
    }

    private void Filter(SparseDeltas deltas, ReadOnlySpan<TypedBytes> inputs, int start, long first, bool storesDraws)
    {
        int sources = deltas.Sources.Length;
        if (deltas.Variance is { } least)
        {
            Span<uint> keys = _words.AsSpan(0, _block.PaddedCount);
            KeyKernel<TWidth, TVector>.Spread(_block, sources, keys);
            for (int k = 0; k < sources; k++)
                MaskKernel<TWidth, TVector>.ByKey(Padded(k), keys, first, least);
        }

        int ranks = sources + 1;
        for (int k = 0; k < sources; k++)
        {
            DeltaMask filter = deltas.Sources[k].Filter;
            _masks.Apply(
                filter,
                Padded(k),
                filter.NeedsRanks ? Ranks(inputs[ranks++].Slice(start, _block.Count)) : [],
                first,
                storesDraws);
        }
    }

    private static ReadOnlySpan<uint> Ranks(TypedBytes ranks) => MemoryMarshal.Cast<byte, uint>(ranks.Bytes.Span);

    private static void Check(ReadOnlySpan<TypedBytes> inputs, int expected, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(inputs.Length, expected);
        foreach (TypedBytes input in inputs)
            ArgumentOutOfRangeException.ThrowIfNotEqual(input.Count, count);
    }

    private readonly ref struct BaseVisitor(
        DeltaBlock<TWidth, TVector> block,
        ReadOnlySpan<ConsensusWeights> weights,
        Consensus mixing,
        TypedBytes b,
        TypedBytes output)
        : IFloatElementVisitor<NonFinite>
    {
        private readonly DeltaBlock<TWidth, TVector> _block = block;
        private readonly ReadOnlySpan<ConsensusWeights> _weights = weights;
        private readonly Consensus _mixing = mixing;
        private readonly TypedBytes _base = b;
        private readonly TypedBytes _output = output;

        public NonFinite Visit<TBase>()
            where TBase : IFloatElement =>
            FloatElements.Dispatch<OutputVisitor<TBase>, NonFinite>(
                _output.Type, new OutputVisitor<TBase>(_block, _weights, _mixing, _base, _output));
    }

    private readonly ref struct OutputVisitor<TBase>(
        DeltaBlock<TWidth, TVector> block,
        ReadOnlySpan<ConsensusWeights> weights,
        Consensus mixing,
        TypedBytes b,
        TypedBytes output)
        : IFloatElementVisitor<NonFinite>
        where TBase : IFloatElement
    {
        private readonly ConsensusBlock<TWidth, TVector> _mixed = new(block, weights, mixing, b.Bytes, output.Bytes);

        public NonFinite Visit<TOutput>()
            where TOutput : IFloatElement => ConsensusKernel<TBase, TOutput, TWidth, TVector>.Run(_mixed);
    }
}
