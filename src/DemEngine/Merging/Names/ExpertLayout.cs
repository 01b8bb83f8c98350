using DemEngine.Errors;
using DemEngine.Merging.Inputs;

namespace DemEngine.Merging.Names;

/// <summary>
/// How a mixture of experts is stored: a tensor for each expert (<c>experts.3.up_proj.weight</c>), or one for all of a layer
/// (<c>experts.up_proj</c>, with the experts as the first dimension).
/// </summary>
internal static class ExpertLayout
{
    /// <summary>Refuses two models that store the experts of one layer in different ways.</summary>
    /// <param name="baseModel">The base.</param>
    /// <param name="model">A source, under the base's names.</param>
    /// <param name="name">Name of the source in messages.</param>
    /// <exception cref="DemException">
    /// DEM2031 (ExpertLayouts): one has a tensor for each expert, the other one for all.
    /// </exception>
    public static void RequireSame(InputModel baseModel, InputModel model, string name)
    {
        if (FirstExperts(baseModel, other: model) is not { } ofBase || FirstExperts(model, other: baseModel) is not { } ofModel
            || IsSeparate(ofBase) == IsSeparate(ofModel))
            return;
        throw new DemException(
            ErrorCode.ExpertLayouts,
            $"{model.Path}: the experts are stored {Layout(ofModel)} in {name} ({Quoted.Name(ofModel)}), "
            + $"and {Layout(ofBase)} in the base ({Quoted.Name(ofBase)})")
        {
            Path = model.Path,
        };
    }

    private static string? FirstExperts(InputModel model, InputModel other) => model.Tensors.Select(tensor => tensor.Name)
        .FirstOrDefault(name => Experts(name) >= 0 && !other.Has(name));

    private static bool IsSeparate(string name) =>
        Experts(name) is >= 0 and var end && end < name.Length && char.IsAsciiDigit(name[end]);

    private static string Layout(string name) => IsSeparate(name) ? "one by one" : "all in one tensor";

    private static int Experts(string name)
    {
        const string Part = ".experts.";
        int at = name.IndexOf(Part, StringComparison.Ordinal);
        return at < 0 ? -1 : at + Part.Length;
    }
}
