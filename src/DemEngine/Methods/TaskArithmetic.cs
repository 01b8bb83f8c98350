using DemEngine.Methods.Definition;
using DemEngine.Recipes.Values;

namespace DemEngine.Methods;

/// <summary>
/// Task arithmetic: adds task vectors to the base, Θ + λ·Σ wᵢ·(Θᵢ − Θ), the sum divided by Σ wᵢ if <c>normalize</c> (Ilharco et
/// al., "Editing Models with Task Arithmetic", arXiv 2212.04089).
/// </summary>
internal class TaskArithmetic : IMergeMethod
{
    /// <inheritdoc/>
    public virtual string Name => "task_arithmetic";

    /// <inheritdoc/>
    public virtual string Summary => "Task vectors added to the base: b + λ·Σ wᵢ·(xᵢ − b)";

    /// <inheritdoc/>
    public IReadOnlyList<MethodParameter> Parameters { get; } =
    [
        new("weight", ParameterType.Number, PerModel: true, "the source's coefficient; required"),
        new("lambda", ParameterType.Number, PerModel: false, "factor on the whole sum; 1"),
        new("normalize", ParameterType.Flag, PerModel: false, "divide by the sum of the weights; false"),
    ];

    /// <inheritdoc/>
    public BaseUse Base => BaseUse.Subtracted;

    /// <inheritdoc/>
    public (int Fewest, int Most) Sources => (1, int.MaxValue);

    /// <inheritdoc/>
    public TensorMerge Define(TensorContext question)
    {
        double[] weights = question.NumberOfEach("weight", null);
        double factor = question.Number("lambda", 1);
        if (question.Flag("normalize", false))
            factor /= WeightSum.Divisor(weights);
        return TensorMerge.Of(question.Sum(weights.Select(weight => factor * weight)));
    }
}
