using DemEngine.Methods.Definition;
using DemEngine.Methods.Sparsifiers;
using DemEngine.Numerics.Deltas;
using DemEngine.Recipes.Values;

namespace DemEngine.Methods;

/// <summary>
/// Task arithmetic with sparse differences: b + λ·m, where m combines the weighted differences Wᵢ = wᵢ·Dᵢ, Dᵢ being the
/// sparsified difference xᵢ − b. Without sign consensus m is their sum, divided by Σ wᵢ if <c>normalize</c>. With it, m is the
/// sum of those whose sign is that of Σ Wᵢ, divided by their Σ wᵢ if <c>normalize</c> (Yadav et al., "TIES-Merging: Resolving
/// Interference When Merging Models", arXiv 2306.01708, section 3).
/// </summary>
internal abstract class SparseTaskArithmetic : IMergeMethod
{
    private readonly Sparsifier _sparsifier;
    private readonly bool _hasConsensus;
    private readonly bool _normalizes;
    private readonly bool _rescales;

    /// <param name="sparsifier">Rule that decides which differences are kept.</param>
    /// <param name="hasConsensus">Whether the sources have to agree on a sign.</param>
    /// <param name="normalizes">Default value of the parameter <c>normalize</c>.</param>
    /// <param name="rescales">Default value of the parameter <c>rescale</c>.</param>
    private protected SparseTaskArithmetic(Sparsifier sparsifier, bool hasConsensus, bool normalizes, bool rescales)
    {
        _sparsifier = sparsifier;
        _hasConsensus = hasConsensus;
        _normalizes = normalizes;
        _rescales = rescales;
        Parameters =
        [
            new("weight", ParameterType.Number, PerModel: true, "the source's coefficient; required"),
            new("density", ParameterType.Number, PerModel: true, "share of its differences that is kept; 1"),
            .. sparsifier.Parameters,
            new("lambda", ParameterType.Number, PerModel: false, "factor on the whole sum; 1"),
            new("normalize", ParameterType.Flag, PerModel: false, $"divide by the sum of the weights; {Word(normalizes)}"),
            new("rescale", ParameterType.FlagOrText, PerModel: false, sparsifier.IsRandom
                ? "make up for what is dropped: true or l1 by the ratio of L1 norms, expectation by the probability, or false; "
                    + $"{Word(rescales)}"
                : $"make up for what is dropped: true or l1 by the ratio of L1 norms, or false; {Word(rescales)}"),
            new(
                "scope",
                ParameterType.Text,
                PerModel: false,
                "over what densities and norms are taken: tensor, layer or model; tensor"),
            new("int8_mask", ParameterType.Flag, PerModel: false, "how mergekit stores masks; accepted, and without effect"),
        ];
    }

    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract string Summary { get; }

    /// <inheritdoc/>
    public IReadOnlyList<MethodParameter> Parameters { get; }

    /// <inheritdoc/>
    public BaseUse Base => BaseUse.Subtracted;

    /// <inheritdoc/>
    public (int Fewest, int Most) Sources => (1, int.MaxValue);

    /// <inheritdoc/>
    public TensorMerge Define(TensorContext question)
    {
        double[] weights = question.NumberOfEach("weight", null);
        double lambda = question.Number("lambda", 1);
        double divisor = question.Flag("normalize", _normalizes) ? WeightSum.Divisor(weights) : 1;
        bool isMean = _hasConsensus && question.Flag("normalize", _normalizes);
        string rescale = question.Choice("rescale", _sparsifier.IsRandom
            ? [Word(_rescales), "true", "false", "l1", "expectation"]
            : [Word(_rescales), "true", "false", "l1"]);
        MergeScope scope = ScopeOf(question);

        double[] densities = question.NumberOfEach("density", 1);
        Sparsification[] thinnings =
        [
            .. densities.Select((density, source) => Thin(question, source, density, rescale == "expectation")),
        ];
        if (!_hasConsensus && thinnings.All(thinning => thinning.IsNone))
            return TensorMerge.Of(question.Sum(weights.Select(weight => lambda * weight / divisor)));

        ThresholdRequest[] requests =
        [
            .. thinnings.SelectMany((thinning, source) => thinning.Counts.Select(count => new ThresholdRequest(source, count))),
        ];
        ThresholdStatistic? cuts = requests.Length > 0
            ? new ThresholdStatistic(() => new MagnitudeKeys(question.Kinds), [.. requests], scope)
            : null;
        SparseDeltas Deltas() =>
            new([.. Filters(thinnings, cuts).Zip(question.Kinds, (filter, kind) => new SparseDelta(kind, filter))]);
        SumStatistic? norms = rescale is "true" or "l1" && !thinnings.All(thinning => thinning.IsNone)
            ? new SumStatistic(DeltaSum.Norms, Deltas, scope, ValueList.Create<Sparsification>(thinnings))
            : null;

        DeltaWeights[] Weights()
        {
            double[] corrections = [.. thinnings.Select((thinning, source) => norms is null
                ? thinning.Correction
                : Ratio(norms.Results[2 * source], norms.Results[(2 * source) + 1]))];
            double[] rescaled = [.. weights.Zip(corrections, (weight, correction) => weight * correction)];

            // A correction that all sources share changes no sign.
            float[] votes = VoteWeights.Of(corrections.Distinct().Count() == 1 ? weights : rescaled);
            return
            [
                .. weights.Select((weight, source) => new DeltaWeights(
                    (float)(lambda * rescaled[source] / (_hasConsensus ? 1 : divisor)),
                    votes[source],
                    (float)weight)),
            ];
        }

        return new TensorMerge([.. new Statistic?[] { cuts, norms }.OfType<Statistic>()], () => new DeltaCombination(
            Deltas(),
            [.. Weights()],
            isMean ? Consensus.AgreeingMean : _hasConsensus ? Consensus.Agreeing : Consensus.Sum))
        {
            RankedSources = thinnings.Count(thinning => thinning.NeedsRanks),
            IsByRow = thinnings.Any(thinning => thinning.NeedsRanks),
        };
    }

    private Sparsification Thin(TensorContext question, int source, double density, bool isUnbiased)
    {
        if (density < 0)
            throw question.WrongValueOf(source, "density", $"the density is {density}, and is from 0 to 1");
        return density >= 1 ? Sparsification.None
            : density == 0 ? Sparsification.All
            : _sparsifier.Thin(question, source, density, isUnbiased);
    }

    private static IEnumerable<DeltaMask> Filters(Sparsification[] thinnings, ThresholdStatistic? cuts)
    {
        int at = 0;
        foreach (Sparsification thinning in thinnings)
        {
            yield return thinning.MaskFor(thinning.Counts.IsEmpty ? [] : cuts!.Results.AsSpan(at, thinning.Counts.Length));
            at += thinning.Counts.Length;
        }
    }

    /// <summary>Returns the factor that restores the norm; 1 where nothing is left to be scaled.</summary>
    private static double Ratio(double before, double after) => after == 0 ? 1 : before / after;

    private static MergeScope ScopeOf(TensorContext question) => question.Choice("scope", "tensor", "layer", "model") switch
    {
        "layer" => MergeScope.Layer,
        "model" => MergeScope.Model,
        _ => MergeScope.Tensor,
    };

    private static string Word(bool flag) => flag ? "true" : "false";
}
