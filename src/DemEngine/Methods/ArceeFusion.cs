using System.Collections.Immutable;
using DemEngine.Methods.Definition;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Methods;

/// <summary>
/// Takes the most important values of the other model and the base's values elsewhere (Arcee, "Meet mergekit v0.1", arcee.ai). An
/// element's importance is |x − b| times the divergence of its row's softmax from the base's, and elements of at least the median
/// plus one and a half interquartile ranges are taken. A row lies along the last dimension, and the quantiles are exact.
/// </summary>
internal sealed class ArceeFusion : IMergeMethod
{
    private const double Ranges = 1.5;

    private static readonly double[] Quantiles = [0.25, 0.5, 0.75];

    /// <inheritdoc/>
    public string Name => "arcee_fusion";

    /// <inheritdoc/>
    public string Summary =>
        "The other model's values where |x − b|·KL of the row's softmaxes is above its median + 1.5 interquartile ranges, "
        + "else the base's";

    /// <inheritdoc/>
    public IReadOnlyList<MethodParameter> Parameters => [];

    /// <inheritdoc/>
    public BaseUse Base => BaseUse.Subtracted;

    /// <inheritdoc/>
    public (int Fewest, int Most) Sources => (1, 1);

    /// <inheritdoc/>
    public TensorMerge Define(TensorContext question)
    {
        question.RequireRowsOfAtMost(RowwiseCombination.MaxRowElements);
        var divergence = new DivergenceStatistic(question.Kinds[0], question.RowElements);

        // The quantile q is the element at index ⌊q·(n − 1)⌋ in ascending order. The request counts it from the top.
        var quartiles = new ThresholdStatistic(
            () => new ImportanceKeys(question.Kinds[0], divergence.Result),
            [
                .. Quantiles.Select(q => new ThresholdRequest(
                    0,
                    new AtQuantile(q),
                    DividesTies: false)),
            ],
            MergeScope.Tensor);
        return new TensorMerge([divergence, quartiles], () => new DeltaCombination(
            new SparseDeltas(
                [new SparseDelta(question.Kinds[0], new ImportanceMask(divergence.Result, Threshold(quartiles.Results)))]),
            [new DeltaWeights(1, 1, 1)],
            Consensus.Sum))
        {
            IsByRow = true,
        };
    }

    /// <summary>Returns the threshold just below the smallest key that is large enough.</summary>
    private static Threshold Threshold(ImmutableArray<Threshold> quartiles)
    {
        double[] values = [.. quartiles.Select(quartile => (double)BitConverter.UInt32BitsToSingle(quartile.Key))];
        double threshold = values[1] + (Ranges * (values[2] - values[0]));
        float nearest = (float)threshold;
        return new Threshold(DeltaKey.Of(nearest < threshold ? MathF.BitIncrement(nearest) : nearest), long.MaxValue);
    }

    /// <summary>Number of the keys from the top down to a quantile, which is the key at ⌊q·(n − 1)⌋ in ascending order.</summary>
    /// <param name="Quantile">Quantile q.</param>
    private sealed record AtQuantile(double Quantile) : ThresholdCount
    {
        public override long Of(KeyTotals totals) => totals.Elements - (long)(Quantile * (totals.Elements - 1));
    }
}
