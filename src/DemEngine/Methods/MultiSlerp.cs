using DemEngine.Methods.Definition;
using DemEngine.Methods.Geometry;
using DemEngine.Numerics;
using DemEngine.Recipes.Values;

namespace DemEngine.Methods;

/// <summary>
/// Average on a sphere of any number of models, or of their differences from a base: the direction is that of Σ wᵢ·uᵢ with uᵢ =
/// xᵢ/‖xᵢ‖, and the norm is Σ wᵢ·‖xᵢ‖ (Goddard, "Multi-SLERP", goddard.blog). The published step from that mean along the tangent
/// space, Σ wᵢ·(uᵢ − ⟨uᵢ, m⟩·m), is zero for every choice of weights, since m is the direction of Σ wᵢ·uᵢ itself.
/// </summary>
internal sealed class MultiSlerp : IMergeMethod
{
    /// <inheritdoc/>
    public string Name => "multislerp";

    /// <inheritdoc/>
    public string Summary =>
        "Weighted mean direction of the models, or of their differences from a base, with their weighted mean norm";

    /// <inheritdoc/>
    public IReadOnlyList<MethodParameter> Parameters { get; } =
    [
        new("weight", ParameterType.Number, PerModel: true, "the model's coefficient; required"),
        new("normalize_weights", ParameterType.Flag, PerModel: false, "divide by the sum of the weights; true"),
        new(
            "eps",
            ParameterType.Number,
            PerModel: false,
            "a mean direction shorter than this is none, and the weighted sum is taken; 1e-8"),
    ];

    /// <inheritdoc/>
    public BaseUse Base => BaseUse.SubtractedIfGiven;

    /// <inheritdoc/>
    public (int Fewest, int Most) Sources => (1, int.MaxValue);

    /// <inheritdoc/>
    public TensorMerge Define(TensorContext question)
    {
        double[] weights = question.NumberOfEach("weight", null);
        double divisor = question.Flag("normalize_weights", true) ? WeightSum.Divisor(weights) : 1;
        weights = [.. weights.Select(weight => weight / divisor)];
        double least = question.Number("eps", 1e-8);
        return TensorMerge.FromGram(question, byRow: false, gram => question.Sum(Coefficients(weights, gram, least)));
    }

    private static double[] Coefficients(double[] weights, GramMatrix gram, double least)
    {
        var units = new UnitVectors(gram, weights.Length);
        double length = units.Norm(weights);
        if (!(length >= least))
            return weights;

        double norm = weights.Select((weight, i) => weight * gram.Norm(i)).Sum();
        return units.OfVectors([.. weights.Select(weight => norm / length * weight)]);
    }
}
