using DemEngine.Recipes.Values;

namespace DemEngine.Methods.Definition;

/// <summary>Use that a method makes of the recipe's base model.</summary>
public enum BaseUse
{
    /// <summary>
    /// The sources' differences from the base are merged. A source that is the base itself adds nothing and is left out.
    /// </summary>
    Subtracted,

    /// <summary>Same as <see cref="Subtracted"/> where the recipe names a base. Without one, whole models are merged.</summary>
    SubtractedIfGiven,

    /// <summary>The base is the first of the models to be merged.</summary>
    First,

    /// <summary>
    /// The base only says which tensors there are. It takes no part in the merge unless it is also among the models.
    /// </summary>
    NotUsed,

    /// <summary>
    /// The base is a source like the others. Where whole models are merged and it is not among them, it is added as the last.
    /// </summary>
    Joined,
}

/// <summary>Parameter of a merge method.</summary>
/// <param name="Name">Name of the parameter in recipes.</param>
/// <param name="Type">Type of the values that the parameter takes.</param>
/// <param name="PerModel">Whether a model may have a value of its own. Every parameter may stand in the global scope.</param>
/// <param name="Meaning">Effect and default of the parameter, in one sentence.</param>
public sealed record MethodParameter(string Name, ParameterType Type, bool PerModel, string Meaning);

/// <summary>
/// Merge method, which turns a recipe's parameters and the statistics of a tensor into the coefficients of an elementwise
/// combination. It never touches an element itself. A new method is a new implementation of this interface in this assembly,
/// where it is found by reflection.
/// </summary>
public interface IMergeMethod
{
    /// <summary>Name of the method, as the recipe key <c>merge_method</c> gives it.</summary>
    string Name { get; }

    /// <summary>One sentence about what the method computes, with its formula.</summary>
    string Summary { get; }

    /// <summary>Parameters of the method.</summary>
    IReadOnlyList<MethodParameter> Parameters { get; }

    /// <summary>Use that the method makes of the base model.</summary>
    BaseUse Base { get; }

    /// <summary>Minimum and maximum number of sources, not counting the base.</summary>
    (int Fewest, int Most) Sources { get; }

    /// <summary>Defines the merge of one tensor: its statistics, and the combination that follows from them.</summary>
    /// <param name="question">Tensor to be merged, with its parameters.</param>
    /// <returns>
    /// Merge whose combination has one term for each source, in their order. Where the base is <see cref="BaseUse.First"/>, it is
    /// the first of them. Where no base is subtracted, a sum that starts from the base starts from the first source, which then
    /// has no term.
    /// </returns>
    /// <exception cref="DemException">
    /// DEM3004 (WrongValue), DEM3005 (MissingKey) or DEM3007 (UnsupportedFeature): a parameter has a wrong value, is missing, or
    /// asks for something that is not supported.
    /// </exception>
    TensorMerge Define(TensorContext question);
}
