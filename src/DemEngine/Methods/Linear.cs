using DemEngine.Methods.Definition;
using DemEngine.Recipes.Values;

namespace DemEngine.Methods;

/// <summary>
/// Weighted average of whole models: Σ wᵢ·xᵢ, divided by Σ wᵢ unless <c>normalize</c> is false (Wortsman et al., "Model soups",
/// arXiv 2203.05482).
/// </summary>
internal sealed class Linear : IMergeMethod
{
    /// <inheritdoc/>
    public string Name => "linear";

    /// <inheritdoc/>
    public string Summary => "Weighted average of whole models: Σ wᵢ·xᵢ / Σ wᵢ";

    /// <inheritdoc/>
    public IReadOnlyList<MethodParameter> Parameters { get; } =
    [
        new("weight", ParameterType.Number, PerModel: true, "the model's coefficient; required"),
        new("normalize", ParameterType.Flag, PerModel: false, "divide by the sum of the weights; true"),
    ];

    /// <inheritdoc/>
    public BaseUse Base => BaseUse.Joined;

    /// <inheritdoc/>
    public (int Fewest, int Most) Sources => (1, int.MaxValue);

    /// <inheritdoc/>
    public TensorMerge Define(TensorContext question)
    {
        double[] weights = question.NumberOfEach("weight", null);
        double divisor = question.Flag("normalize", true) ? WeightSum.Divisor(weights) : 1;
        return TensorMerge.Of(question.Sum(weights.Select(weight => weight / divisor)));
    }
}
