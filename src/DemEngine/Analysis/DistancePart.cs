using DemEngine.Memory;
using DemEngine.Merging;
using DemEngine.Numerics;

namespace DemEngine.Analysis;

/// <summary>One model's tensor in a <see cref="DistancePart"/>.</summary>
/// <param name="Model">Index of the model.</param>
/// <param name="Tensor">Its tensor.</param>
/// <param name="IsVector">Whether it holds x − b already.</param>
internal readonly record struct DistanceSource(int Model, InputTensor Tensor, bool IsVector);

/// <summary>
/// Rows of a tensor that the same models have, mostly all rows and all models. Their Gram matrix has leaves of its own, counted from the
/// first of these rows.
/// </summary>
internal sealed class DistancePart(InputTensor baseTensor, IReadOnlyList<DistanceSource> sources, long first, long count)
    : PassTensor(baseTensor.Spec.Name, [baseTensor, .. sources.Select(source => source.Tensor)], first, count)
{
    private static readonly int SingleBytes = GramOrder.LeafElements * ElementType.F32.Size;

    private readonly bool _anyVector = sources.Any(source => source.IsVector);
    private readonly OrderedFold _fold = new(sources.Count + 1);

    public override void Visit(int tile, long from, int elements, TileWorkspace workspace)
    {
        var inputs = new TypedBytes[Inputs.Count];
        for (int k = 0; k < inputs.Length; k++)
            inputs[k] = workspace.Read(Inputs[k], from, elements);

        double[] leafSums = new double[GramOrder.LeafCount(elements) * GramMatrix.PairCount(inputs.Length)];
        if (_anyVector)
            MeasureLeaves(inputs, elements, leafSums, workspace);
        else
            workspace.Worker.Gram(relativeToBase: true, inputs, leafSums);
        _fold.Add(tile, leafSums);
    }

    /// <summary>Adds what was measured to the matrix of all models.</summary>
    /// <param name="whole">The products of x₁ − b … xₙ − b and b. The difference of a model that is not here counts as zero.</param>
    public void AddTo(GramMatrix whole)
    {
        GramMatrix part = _fold.Sum;
        int[] place = new int[whole.Order];
        Array.Fill(place, -1);
        for (int k = 0; k < sources.Count; k++)
            place[sources[k].Model] = k;
        place[^1] = sources.Count;

        double[] upper = new double[GramMatrix.PairCount(whole.Order)];
        for (int i = 0, at = 0; i < whole.Order; i++)
        {
            for (int j = i; j < whole.Order; j++, at++)
                upper[at] = place[i] < 0 || place[j] < 0 ? 0 : part[place[i], place[j]];
        }

        whole.Add(upper);
    }

    /// <summary>Takes the differences first, leaf by leaf, since some inputs are differences already.</summary>
    private void MeasureLeaves(TypedBytes[] inputs, int elements, double[] leafSums, TileWorkspace workspace)
    {
        int pairs = GramMatrix.PairCount(inputs.Length);
        var scratch = new TypedBytes(ElementType.F32, workspace.Scratch(sources.Count * SingleBytes));
        var vectors = new TypedBytes[inputs.Length];
        for (int start = 0, leaf = 0; start < elements; start += GramOrder.LeafElements, leaf++)
        {
            int count = Math.Min(GramOrder.LeafElements, elements - start);
            TypedBytes b = inputs[0].Slice(start, count);
            for (int k = 0; k < sources.Count; k++)
            {
                vectors[k] = inputs[k + 1].Slice(start, count);
                if (sources[k].IsVector)
                    continue;
                TypedBytes difference = scratch.Slice(k * GramOrder.LeafElements, count);
                workspace.Worker.Combine(LinearCombination.Difference, [b, vectors[k]], difference);
                vectors[k] = difference;
            }

            vectors[^1] = b;
            workspace.Worker.Gram(relativeToBase: false, vectors, leafSums.AsSpan(leaf * pairs, pairs));
        }
    }
}
