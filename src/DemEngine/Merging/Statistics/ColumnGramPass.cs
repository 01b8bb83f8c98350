using System.Runtime.InteropServices;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Methods.Definition;
using DemEngine.Numerics;

namespace DemEngine.Merging.Statistics;

/// <summary>Computes the Gram matrix of each column over the rows that all sources have.</summary>
/// <remarks>
/// The order of summation is part of the result's definition. Rows are taken in leaves of <see cref="LeafRows"/>. In a leaf, each
/// column adds its products in the order of the rows, starting from 0; the leaves are added in their order. The factors are
/// binary32 values, x or binary32(x − b), as in <see cref="GramOrder"/>.
/// </remarks>
internal sealed class ColumnGramPass : StatisticsPass
{
    private const int UsualLeafElements = 16384;
    private const int FewestLeafRows = 4;

    private readonly ColumnGramStatistic _measurement;
    private readonly TensorSources _sources;
    private readonly int _columns;
    private readonly int _pairs;
    private readonly OrderedFold _fold;

    public ColumnGramPass(ColumnGramStatistic measurement, TensorSources sources, int tileElements)
        : base([(0, sources.CommonElements)], WholeLeaves(sources.RowElements, tileElements))
    {
        _measurement = measurement;
        _sources = sources;
        _columns = checked((int)sources.RowElements);
        _pairs = GramMatrix.PairCount(sources.All.Length);
        _fold = new OrderedFold(checked(_columns * _pairs));
    }

    /// <summary>Number of rows in a leaf, which depends on nothing but the number of columns.</summary>
    public static int LeafRows(long columns) => (int)Math.Max(FewestLeafRows, UsualLeafElements / Math.Max(1, columns));

    public override void Measure(int tile, long first, int count, ITileContext workspace)
    {
        int leafElements = LeafRows(_columns) * _columns;
        int vectors = _sources.All.Length;
        int leaves = (count + leafElements - 1) / leafElements;
        double[] sums = new double[leaves * _columns * _pairs];
        TypedBytes[] inputs = [.. _sources.All.Select(source => workspace.Read(source.Tensor!, first, count))];
        TypedBytes b = _sources.IsRelative ? workspace.Read(_sources.Base, first, count) : default;
        if (workspace.Worker.TryColumnGram(
            [.. inputs.Select((_, k) => IsDifference(k) ? TermKind.RelativeToBase : TermKind.Plain)],
            _sources.IsRelative ? [b, .. inputs] : inputs,
            _columns,
            LeafRows(_columns),
            sums))
        {
            _fold.Add(tile, sums);
            return;
        }

        var scratch = new TypedBytes(
            ElementType.F32, workspace.Scratch(checked(vectors * Math.Min(count, leafElements) * sizeof(float))));
        for (int leaf = 0; leaf < leaves; leaf++)
        {
            int start = leaf * leafElements;
            int elements = Math.Min(leafElements, count - start);
            for (int k = 0; k < vectors; k++)
            {
                TypedBytes vector = scratch.Slice(k * elements, elements);
                TypedBytes x = inputs[k].Slice(start, elements);
                if (IsDifference(k))
                    workspace.Worker.Combine(LinearCombination.Difference, [b.Slice(start, elements), x], vector);
                else
                    workspace.Worker.Combine(LinearCombination.BaseAlone, [x], vector);
            }

            ReadOnlySpan<float> values = MemoryMarshal.Cast<byte, float>(scratch.Bytes.Span);
            AddProducts(values[..(vectors * elements)], elements, sums.AsSpan(leaf * _columns * _pairs, _columns * _pairs));
        }

        _fold.Add(tile, sums);
    }

    private bool IsDifference(int source) => _sources.IsRelative && !_sources.IsVector[source];

    public override void Finish(ITileContext workspace)
    {
        double[] sums = _fold.Sum;
        _measurement.Complete(
        [
            .. Enumerable.Range(0, _columns).Select(column => GramMatrix.Of(
                _sources.All.Length,
                [.. Enumerable.Range(0, _pairs).Select(pair => sums[(pair * _columns) + column])])),
        ]);
    }

    /// <summary>Adds the products of a leaf's rows to the sums, which lie pair after pair.</summary>
    private void AddProducts(ReadOnlySpan<float> vectors, int elements, Span<double> sums)
    {
        int pair = 0;
        for (int i = 0; i < _sources.All.Length; i++)
        {
            for (int j = i; j < _sources.All.Length; j++, pair++)
            {
                ReadOnlySpan<float> x = vectors.Slice(i * elements, elements);
                ReadOnlySpan<float> y = vectors.Slice(j * elements, elements);
                Span<double> columns = sums.Slice(pair * _columns, _columns);
                for (int row = 0; row < elements; row += _columns)
                {
                    for (int column = 0; column < columns.Length; column++)
                        columns[column] += (double)x[row + column] * y[row + column];
                }
            }
        }
    }

    private static int WholeLeaves(long columns, int tileElements)
    {
        long leaf = LeafRows(columns) * Math.Max(1, columns);
        return checked((int)(Math.Max(1, tileElements / leaf) * leaf));
    }
}
