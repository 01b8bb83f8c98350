using DemEngine.Methods.Definition;
using DemEngine.Numerics;
using DemEngine.Recipes.Values;

namespace DemEngine.Methods;

/// <summary>
/// Model Stock: b + t·(mean of xᵢ − b) with t = N·c / (1 + (N − 1)·c), c being the mean cosine over the pairs of the N
/// differences. This is where the average of many such models is expected (Jang et al., "Model Stock: All we need is just a few
/// fine-tuned models", arXiv 2403.19522, section 4).
/// </summary>
internal sealed class ModelStock : IMergeMethod
{
    // 1 + (N − 1)·c is N·‖mean of the unit vectors‖². Where it vanishes, that mean is zero too and t has no meaning.
    private const double MinDivisor = 1e-12;

    /// <inheritdoc/>
    public string Name => "model_stock";

    /// <inheritdoc/>
    public string Summary =>
        "From the base towards the models' mean by t = N·c / (1 + (N − 1)·c), c the mean cosine between their differences";

    /// <inheritdoc/>
    public IReadOnlyList<MethodParameter> Parameters { get; } =
    [
        new("filter_wise", ParameterType.Flag, PerModel: false, "a t for each row instead of one for the tensor; false"),
    ];

    /// <inheritdoc/>
    public BaseUse Base => BaseUse.Subtracted;

    /// <inheritdoc/>
    public (int Fewest, int Most) Sources => (2, int.MaxValue);

    /// <inheritdoc/>
    public TensorMerge Define(TensorContext question)
    {
        int models = question.Sources.Count;
        return TensorMerge.FromGram(
            question,
            question.Flag("filter_wise", false),
            gram => question.Sum(Enumerable.Repeat(Ratio(gram, models) / models, models)));
    }

    private static double Ratio(GramMatrix gram, int models)
    {
        double sum = 0;
        for (int i = 0; i < models; i++)
        {
            for (int j = i + 1; j < models; j++)
                sum += gram[i, i] > 0 && gram[j, j] > 0 ? gram.Cosine(i, j) : 0;
        }

        double cosine = sum / (models * (models - 1) / 2);
        double divisor = 1 + ((models - 1) * cosine);
        return divisor >= MinDivisor ? models * cosine / divisor : 0;
    }
}
