using DemEngine.Methods.Definition;
using DemEngine.Numerics;
using DemEngine.Recipes.Values;

namespace DemEngine.Methods;

/// <summary>Copies one model unchanged, or multiplied by <c>scale</c>.</summary>
internal sealed class Passthrough : IMergeMethod
{
    /// <inheritdoc/>
    public string Name => "passthrough";

    /// <inheritdoc/>
    public string Summary => "One model as it is, or scaled: scale·x";

    /// <inheritdoc/>
    public IReadOnlyList<MethodParameter> Parameters { get; } =
    [
        new("scale", ParameterType.Number, PerModel: true, "factor on the tensor; 1"),
    ];

    /// <inheritdoc/>
    public BaseUse Base => BaseUse.NotUsed;

    /// <inheritdoc/>
    public (int Fewest, int Most) Sources => (1, 1);

    /// <inheritdoc/>
    public TensorMerge Define(TensorContext question)
    {
        double scale = question.NumberOfEach("scale", 1)[0];

        // Adding x to 0 would lose the sign of −0.
        return TensorMerge.Of(scale == 1 ? LinearCombination.BaseAlone : question.Sum([scale]));
    }
}
