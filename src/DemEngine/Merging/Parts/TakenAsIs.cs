using DemEngine.Methods.Definition;
using DemEngine.Numerics;
using DemEngine.Recipes;

namespace DemEngine.Merging.Parts;

/// <summary>
/// What is done with a module or slice of one model alone where the recipe's method merges several: the model's tensors are taken
/// as they are, bit for bit. So a recipe can keep a vision tower, or one run of layers, from one model.
/// </summary>
internal sealed class TakenAsIs : IMergeMethod
{
    private static readonly TakenAsIs Instance = new();

    private TakenAsIs()
    {
    }

    /// <inheritdoc/>
    public string Name => "taken as it is";

    /// <inheritdoc/>
    public string Summary => "One model as it is";

    /// <inheritdoc/>
    public IReadOnlyList<MethodParameter> Parameters => [];

    /// <inheritdoc/>
    public BaseUse Base => BaseUse.NotUsed;

    /// <inheritdoc/>
    public (int Fewest, int Most) Sources => (1, 1);

    /// <inheritdoc/>
    public TensorMerge Define(TensorContext question) => TensorMerge.Of(LinearCombination.BaseAlone);

    /// <summary>Returns the method by which a part of a recipe is merged.</summary>
    /// <param name="part">Part of the recipe.</param>
    /// <param name="method">Method of the recipe.</param>
    public static IMergeMethod OrMethod(RecipePart part, IMergeMethod method) => Applies(part, method) ? Instance : method;

    /// <summary>Whether a part is of one model alone, of which the method could make nothing.</summary>
    public static bool Applies(RecipePart part, IMergeMethod method) =>
        (part.Module is not null || part.IsSlice)
        && part.Models is [{ IsVector: false }]
        && (BasePart.Sources(part, method).Count() < method.Sources.Fewest
            || (part.IsSlice && method.Base == BaseUse.First && BasePart.InSlice(part, method) < 0));
}
