using DemEngine.Checkpoints.Layers;
using DemEngine.Errors;
using DemEngine.Merging.Inputs;
using DemEngine.Recipes;

namespace DemEngine.Merging.Planning;

/// <summary>
/// Assigns tensors to the modules of a recipe. A tensor belongs to a module if the module's name is one of the parts of the
/// tensor's name, as <c>encoder.block.0.layer.0.SelfAttention.q.weight</c> has <c>encoder</c>. In a model with a single stack of
/// layers, one module can be the whole model.
/// </summary>
internal static class ModuleTensors
{
    // Names that mergekit gives the language model of an architecture, and those that occur in tensors' names.
    private static readonly string[] WholeModelNames = ["default", "text_decoder", "text_model", "language_model"];

    /// <summary>Returns the tensors of one module.</summary>
    /// <param name="model">The whole model.</param>
    /// <param name="module">Name of the module; null for all tensors.</param>
    public static InputModel Of(InputModel model, string? module) =>
        module is null || IsWhole(model, module)
            ? model
            : new InputModel(model.Path, [.. model.Tensors.Where(tensor => IsPart(tensor.Name, module))]);

    /// <summary>Refuses modules that do not cover every tensor of a model exactly once.</summary>
    /// <param name="model">The model that defines the tensors.</param>
    /// <param name="modules">Modules of the recipe.</param>
    /// <exception cref="DemException">
    /// DEM3004 (WrongValue): a tensor belongs to two modules. DEM3007 (UnsupportedFeature): a module has no tensors, or a tensor
    /// belongs to no module.
    /// </exception>
    public static void Check(InputModel model, IReadOnlyList<RecipeModule> modules)
    {
        if (modules.Count == 0 || (modules.Count == 1 && IsWhole(model, modules[0].Name)))
            return;

        string[] names = [.. model.Tensors.Select(tensor => tensor.Name)];
        foreach (RecipeModule module in modules)
        {
            if (!names.Any(name => IsPart(name, module.Name)))
                throw module.Place.Error(
                    ErrorCode.UnsupportedFeature,
                    $"no tensor of {model.Path} has {Quoted.Name(module.Name)} as a part of its name");
            foreach (RecipeModule other in modules.TakeWhile(other => other != module))
            {
                if (names.FirstOrDefault(name => IsPart(name, module.Name) && IsPart(name, other.Name)) is { } both)
                    throw module.Place.Error(
                        ErrorCode.WrongValue,
                        $"the tensor {Quoted.Name(both)} belongs to the module {Quoted.Name(other.Name)}, too");
            }
        }

        string[] left = [.. names.Where(name => !modules.Any(module => IsPart(name, module.Name)))];
        if (left.Length > 0)
            throw modules[0].Place.Error(
                ErrorCode.UnsupportedFeature,
                $"{left.Length} tensors of {model.Path} belong to no module of the recipe: {Quoted.List(left)}");
    }

    private static bool IsWhole(InputModel model, string module) =>
        WholeModelNames.Contains(module, StringComparer.Ordinal)
        && new NetworkLayers(model.Tensors.Select(tensor => tensor.Name)).Stacks.Count <= 1;

    private static bool IsPart(string tensor, string module) => $".{tensor}.".Contains($".{module}.", StringComparison.Ordinal);
}
