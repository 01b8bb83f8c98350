using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Statistics;
using DemEngine.Numerics;

namespace DemEngine.Analysis;

/// <summary>Tensor of one model in a <see cref="DistancePart"/>.</summary>
/// <param name="Model">Index of the model.</param>
/// <param name="Tensor">Reader of the model's tensor.</param>
/// <param name="IsVector">Whether the tensor already holds x − b.</param>
internal readonly record struct DistanceSource(int Model, TensorReader Tensor, bool IsVector);

/// <summary>
/// Rows of a tensor that the same models have, usually all rows and all models. Their Gram matrix has leaves of its own, counted
/// from the first of these rows.
/// </summary>
internal sealed class DistancePart(TensorReader baseTensor, IReadOnlyList<DistanceSource> sources, long first, long count)
    : PassTensor(baseTensor.Spec.Name, [baseTensor, .. sources.Select(source => source.Tensor)], first, count)
{
    private readonly bool[] _isVector = [.. sources.Select(source => source.IsVector)];
    private readonly OrderedFold _fold = new(GramMatrix.PairCount(sources.Count + 1));

    public override void Visit(int tile, long from, int elements, ITileContext workspace)
    {
        var inputs = new TypedBytes[Inputs.Count];
        for (int k = 0; k < inputs.Length; k++)
            inputs[k] = workspace.Read(Inputs[k], from, elements);

        double[] leafSums = new double[GramOrder.LeafCount(elements) * GramMatrix.PairCount(inputs.Length)];
        DifferenceGram.Measure(inputs, _isVector, leafSums, workspace);
        _fold.Add(tile, leafSums);
    }

    /// <summary>Adds the result to the Gram matrix of all models.</summary>
    /// <param name="whole">
    /// Gram matrix of x₁ − b … xₙ − b and b. The difference of a model that does not have these rows counts as zero.
    /// </param>
    public void AddTo(GramMatrix whole)
    {
        var part = GramMatrix.Of(sources.Count + 1, _fold.Sum);
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
}
