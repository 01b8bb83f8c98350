using DemEngine.Methods.Definition;
using DemEngine.Numerics.Deltas;
using DemEngine.Recipes.Values;

namespace DemEngine.Methods;

/// <summary>
/// Reinforced agent merging: a difference of more than ε counts. Where only one source has one it is added whole, and where
/// several have one they are averaged ("Reinforced Agent Merging", arXiv 2601.13572).
/// </summary>
internal sealed class Ram : IMergeMethod
{
    /// <summary>Default value of <see cref="Epsilon"/>.</summary>
    internal const double DefaultEpsilon = 1e-5;

    /// <summary>Parameter ε: differences with a magnitude of at most this count as none.</summary>
    internal static MethodParameter Epsilon { get; } =
        new("epsilon", ParameterType.Number, PerModel: false, "a difference of no more than this counts as none; 1e-5");

    /// <inheritdoc/>
    public string Name => "ram";

    /// <inheritdoc/>
    public string Summary => "Differences that one source alone has, and the average of those that several have";

    /// <inheritdoc/>
    public IReadOnlyList<MethodParameter> Parameters { get; } = [Epsilon];

    /// <inheritdoc/>
    public BaseUse Base => BaseUse.Subtracted;

    /// <inheritdoc/>
    public (int Fewest, int Most) Sources => (1, int.MaxValue);

    /// <inheritdoc/>
    public TensorMerge Define(TensorContext question) => TensorMerge.Of(new DeltaCombination(
        Deltas(question),
        [.. question.Sources.Select(_ => new DeltaWeights(Weight: 1, Vote: 0, Share: 1))],
        Consensus.Overlap));

    /// <summary>Returns the sparse differences of the sources: those with a magnitude larger than ε.</summary>
    internal static SparseDeltas Deltas(TensorContext question)
    {
        double epsilon = question.Number(Epsilon.Name, DefaultEpsilon);
        if (epsilon < 0)
            throw question.WrongValue("epsilon", $"epsilon is {epsilon}, and is a distance, 0 or more");
        return new SparseDeltas(
        [
            .. question.Kinds.Select(kind =>
                new SparseDelta(kind, new MagnitudeMask(Threshold.LargerThan((float)epsilon), Threshold.AboveAll))),
        ]);
    }
}
