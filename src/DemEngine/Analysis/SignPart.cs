using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Statistics;
using DemEngine.Numerics;

namespace DemEngine.Analysis;

/// <summary>
/// Rows of a tensor that all models have, compared by signs, pair by pair. Sums are taken with sixteen lanes over leaves of fixed
/// size, and the leaves are added in order, so the result depends neither on tiles nor on threads nor on the machine's vector
/// width.
/// </summary>
internal sealed class SignPart(TensorReader baseTensor, IReadOnlyList<DistanceSource> sources, long count)
    : PassTensor(baseTensor.Spec.Name, [baseTensor, .. sources.Select(source => source.Tensor)], 0, count)
{
    private const int Leaf = GramOrder.LeafElements;

    // The four folds are both, opposed, overlap and cancelled.
    private readonly OrderedFold[] _folds =
    [
        .. Enumerable.Range(0, 4).Select(_ => new OrderedFold(GramMatrix.PairCount(sources.Count))),
    ];

    public override void Visit(int tile, long from, int elements, ITileContext workspace)
    {
        var inputs = new TypedBytes[Inputs.Count];
        for (int k = 0; k < inputs.Length; k++)
            inputs[k] = workspace.Read(Inputs[k], from, elements);

        int pairs = GramMatrix.PairCount(sources.Count);
        double[][] sums = [.. _folds.Select(_ => new double[GramOrder.LeafCount(elements) * pairs])];
        var differences = new TypedBytes(ElementType.F32, workspace.Scratch(sources.Count * Leaf * ElementType.F32.Size));
        for (int start = 0, leaf = 0; start < elements; start += Leaf, leaf++)
        {
            Load(inputs, start, Math.Min(Leaf, elements - start), differences, workspace);
            for (int i = 0, at = leaf * pairs; i < sources.Count; i++)
            {
                at++; // A vector never opposes itself.
                for (int j = i + 1; j < sources.Count; j++, at++)
                    (sums[0][at], sums[1][at], sums[2][at], sums[3][at]) =
                        Compare(Vector(differences, i), Vector(differences, j));
            }
        }

        for (int k = 0; k < _folds.Length; k++)
            _folds[k].Add(tile, sums[k]);
    }

    /// <summary>Returns the sign conflict of two models.</summary>
    public SignConflict Of(int i, int j)
    {
        int pair = GramMatrix.PairIndex(Math.Min(i, j), Math.Max(i, j), sources.Count);
        return new(_folds[0].Sum[pair], _folds[1].Sum[pair], _folds[2].Sum[pair], _folds[3].Sum[pair]);
    }

    private static (double Both, double Opposed, double Overlap, double Cancelled) Compare(
        ReadOnlySpan<Vector512<float>> a,
        ReadOnlySpan<Vector512<float>> b)
    {
        Vector512<int> both = default, opposed = default;
        Vector512<float> overlap = default, cancelled = default;
        for (int k = 0; k < a.Length; k++)
        {
            // An element that is 0 in either vector has a minimum of 0, whatever its sign bit.
            Vector512<float> least = Vector512.Min(Vector512.Abs(a[k]), Vector512.Abs(b[k]));
            Vector512<int> meet = Vector512.GreaterThan(least, default).AsInt32();
            Vector512<int> oppose = meet & ((a[k].AsInt32() ^ b[k].AsInt32()) >> 31);
            both -= meet;
            opposed -= oppose;
            overlap += least;
            cancelled += least & oppose.AsSingle();
        }

        return (Vector512.Sum(both), Vector512.Sum(opposed), Sum(overlap), Sum(cancelled));
    }

    private static double Sum(Vector512<float> lanes)
    {
        double sum = 0;
        for (int lane = 0; lane < Vector512<float>.Count; lane++)
            sum += lanes[lane];
        return sum;
    }

    private static ReadOnlySpan<Vector512<float>> Vector(TypedBytes differences, int source) =>
        MemoryMarshal.Cast<byte, Vector512<float>>(differences.Slice(source * Leaf, Leaf).Bytes.Span);

    /// <summary>Loads the differences of one leaf, padded with zeros.</summary>
    private void Load(TypedBytes[] inputs, int start, int count, TypedBytes differences, ITileContext workspace)
    {
        TypedBytes b = inputs[0].Slice(start, count);
        for (int k = 0; k < sources.Count; k++)
        {
            TypedBytes difference = differences.Slice(k * Leaf, count);
            differences.Slice((k * Leaf) + count, Leaf - count).Bytes.Span.Clear();
            TypedBytes x = inputs[k + 1].Slice(start, count);
            if (sources[k].IsVector)
                workspace.Worker.Combine(LinearCombination.BaseAlone, [x], difference);
            else
                workspace.Worker.Combine(LinearCombination.Difference, [b, x], difference);
        }
    }
}
