using DemEngine.Methods.Definition;
using DemEngine.Numerics.Deltas;
using DemEngine.Recipes.Values;

namespace DemEngine.Methods;

/// <summary>
/// Variant of <see cref="Ram"/> in which a difference that only one source has is added 1 + r·min(ρ, α) times, ρ being the ratio
/// of that source's shared differences in the tensor to those that it alone has. This makes up for what averaging takes from a
/// source ("Reinforced Agent Merging", arXiv 2601.13572; computed for each tensor, as in mergekit).
/// </summary>
internal sealed class RamPlusTensorLocal : IMergeMethod
{
    /// <inheritdoc/>
    public string Name => "ramplus_tl";

    /// <inheritdoc/>
    public string Summary => "As ram, but what one source alone has is amplified by how much of its differences it shares";

    /// <inheritdoc/>
    public IReadOnlyList<MethodParameter> Parameters { get; } =
    [
        Ram.Epsilon,
        new("r", ParameterType.Number, PerModel: false, "how much is amplified; 0.1"),
        new("alpha", ParameterType.Number, PerModel: false, "the most that the ratio of shared to own differences counts; 0.2"),
    ];

    /// <inheritdoc/>
    public BaseUse Base => BaseUse.Subtracted;

    /// <inheritdoc/>
    public (int Fewest, int Most) Sources => (1, int.MaxValue);

    /// <inheritdoc/>
    public TensorMerge Define(TensorContext question)
    {
        double r = question.Number("r", 0.1);
        double alpha = question.Number("alpha", 0.2);
        SparseDeltas deltas = Ram.Deltas(question);
        var overlap = new SumStatistic(
            DeltaSum.Overlap,
            () => deltas,
            MergeScope.Tensor,
            ValueList.Create<DeltaMask>([.. deltas.Sources.Select(source => source.Filter)]));
        return new TensorMerge([overlap], () => new DeltaCombination(
            deltas,
            [.. question.Sources.Select((_, source) =>
            {
                double ratio = overlap.Results[(2 * source) + 1] / Math.Max(1, overlap.Results[2 * source]);
                return new DeltaWeights((float)(1 + (r * Math.Min(ratio, alpha))), Vote: 0, Share: 1);
            })],
            Consensus.Overlap));
    }
}
