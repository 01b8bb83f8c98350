using System.Collections.Immutable;
using System.Globalization;
using DemEngine.Methods.Definition;
using DemEngine.Numerics.Deltas;
using DemEngine.Recipes.Values;

namespace DemEngine.Methods;

/// <summary>
/// Select, calculate, erase: selects, of the positions where the sources' differences vary, those with the largest variance. Each
/// source weighs as much as its mean square there, and at each position the differences that agree with the majority's sign are
/// averaged with these weights (Wan et al., "FuseChat: Knowledge Fusion of Chat Models", arXiv 2408.07990, section 3.3).
/// </summary>
internal sealed class Sce : IMergeMethod
{
    /// <inheritdoc/>
    public string Name => "sce";

    /// <inheritdoc/>
    public string Summary =>
        "Differences where they vary most, weighted by their mean squares, "
        + "those averaged that agree with the majority on a sign";

    /// <inheritdoc/>
    public IReadOnlyList<MethodParameter> Parameters { get; } =
    [
        new(
            "select_topk",
            ParameterType.Number,
            PerModel: false,
            "share of the positions that vary which are selected; 1, which selects all"),
        new("int8_mask", ParameterType.Flag, PerModel: false, "how mergekit stores masks; accepted, and without effect"),
    ];

    /// <inheritdoc/>
    public BaseUse Base => BaseUse.Subtracted;

    /// <inheritdoc/>
    public (int Fewest, int Most) Sources => (1, int.MaxValue);

    /// <inheritdoc/>
    public TensorMerge Define(TensorContext question)
    {
        double share = question.Number("select_topk", 1);
        if (share < 0)
            throw question.WrongValue("select_topk", $"select_topk is {share}, and is from 0 to 1");

        ThresholdStatistic? selection = share < 1
            ? new ThresholdStatistic(
                () => new VarianceKeys(question.Kinds),
                [new ThresholdRequest(0, new Selected(share), NeedsNonZero: true)],
                MergeScope.Tensor)
            : null;
        SparseDeltas Deltas() => new(
            [.. question.Kinds.Select(kind => new SparseDelta(kind, DeltaMask.None))],
            selection?.Results[0]);
        var squares = new SumStatistic(DeltaSum.Squares, Deltas, MergeScope.Tensor, new Selected(share));
        return new TensorMerge([.. new Statistic?[] { selection, squares }.OfType<Statistic>()], () => new DeltaCombination(
            Deltas(),
            [.. Weights(squares.Results).Select(weight => new DeltaWeights(weight, Vote: 1, weight))],
            Consensus.AgreeingMean));
    }

    /// <summary>
    /// Returns weights in proportion to the sums of squares, or equal weights where there is no difference at all.
    /// </summary>
    private static IEnumerable<float> Weights(ImmutableArray<double> squares)
    {
        double sum = squares.Sum();
        return squares.Select(square => (float)(sum == 0 ? 1.0 / squares.Length : square / sum));
    }

    /// <summary>Number of the positions that are selected, of those that vary.</summary>
    /// <param name="Share">Share of these positions.</param>
    private sealed record Selected(double Share) : ThresholdCount
    {
        public override long Of(KeyTotals totals) => (long)(totals.NonZero * Share);

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"select_topk {Share:R}");
    }
}
