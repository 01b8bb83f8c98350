using DemEngine.Methods.Definition;
using DemEngine.Methods.Geometry;
using DemEngine.Numerics;
using DemEngine.Recipes.Values;

namespace DemEngine.Methods;

/// <summary>
/// Spherical interpolation by weights between two models, or between their differences from a base: sin((1 − t)·Ω)/sin Ω · x₁ +
/// sin(t·Ω)/sin Ω · x₂ with t = w₂ / (w₁ + w₂), Ω being the angle between the two tensors, or between each pair of rows
/// or columns.
/// </summary>
internal sealed class NuSlerp : IMergeMethod
{
    private const double NegligibleWeights = 1e-6;
    private const double NearlyCollinear = 1 - 1e-12;

    /// <inheritdoc/>
    public string Name => "nuslerp";

    /// <inheritdoc/>
    public string Summary =>
        "Along the arc between two models, or their differences from a base, by weights; whole tensors or row by row";

    /// <inheritdoc/>
    public IReadOnlyList<MethodParameter> Parameters { get; } =
    [
        new("weight", ParameterType.Number, PerModel: true, "the model's share of the way; required"),
        new(
            "nuslerp_flatten",
            ParameterType.Flag,
            PerModel: false,
            "one angle for the whole tensor, not one for each row; true"),
        new(
            "nuslerp_row_wise",
            ParameterType.Flag,
            PerModel: false,
            "unless flatten: angles between vectors along the first dimension, as mergekit has it; false"),
    ];

    /// <inheritdoc/>
    public BaseUse Base => BaseUse.SubtractedIfGiven;

    /// <inheritdoc/>
    public (int Fewest, int Most) Sources => (2, 2);

    /// <inheritdoc/>
    public TensorMerge Define(TensorContext question)
    {
        bool flatten = question.Flag("nuslerp_flatten", true);
        bool byColumn = question.Flag("nuslerp_row_wise", false) && !flatten;
        double[] weights = question.NumberOfEach("weight", null);
        double sum = weights[0] + weights[1];
        double t = Math.Abs(sum) < NegligibleWeights ? 0.5 : weights[1] / sum;
        return byColumn
            ? TensorMerge.FromColumnGram(question, SumAlongArc)
            : TensorMerge.FromGram(question, byRow: !flatten, SumAlongArc);

        LinearCombination SumAlongArc(GramMatrix gram)
        {
            var (first, second) = Arc.At(t, gram.Cosine(0, 1), NearlyCollinear);
            return question.Sum([first, second]);
        }
    }
}
