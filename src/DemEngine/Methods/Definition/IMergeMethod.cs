using DemEngine.Recipes.Values;

namespace DemEngine.Methods.Definition;

/// <summary>What a method makes of the recipe's base model.</summary>
public enum BaseUse
{
    /// <summary>The sources' differences from it are merged. A source that is the base itself adds nothing and is left out.</summary>
    Subtracted,

    /// <summary>As <see cref="Subtracted"/> where the recipe names a base; without one whole models are merged.</summary>
    SubtractedIfGiven,

    /// <summary>It is the first of the tensors to be merged.</summary>
    First,

    /// <summary>It takes no part unless it is among the models; it only says which tensors there are.</summary>
    NotUsed,
}

/// <summary>One parameter that a method takes.</summary>
/// <param name="Name">As the recipe spells it.</param>
/// <param name="Type">What values it takes.</param>
/// <param name="PerModel">Whether it may stand with a model; all may stand in the global scope.</param>
/// <param name="Meaning">What it does and its default, in one sentence.</param>
public sealed record MethodParameter(string Name, ParameterType Type, bool PerModel, string Meaning);

/// <summary>
/// A merge method: from a recipe's parameters, and what was measured, to the coefficients of an elementwise combination. It never touches
/// an element. A new method is a new implementation in this folder; it is found by its type.
/// </summary>
public interface IMergeMethod
{
    /// <summary>As <c>merge_method</c> names it.</summary>
    string Name { get; }

    /// <summary>What it computes, in one sentence with its formula.</summary>
    string Summary { get; }

    /// <summary>The parameters it takes.</summary>
    IReadOnlyList<MethodParameter> Parameters { get; }

    /// <summary>What it makes of the base model.</summary>
    BaseUse Base { get; }

    /// <summary>The fewest and the most sources it takes, the base not counted.</summary>
    (int Fewest, int Most) Sources { get; }

    /// <summary>What is measured of one tensor, and how its coefficients follow.</summary>
    /// <param name="question">The tensor and its parameters.</param>
    /// <returns>
    /// A program whose combination has one term for each source, in their order; the base, where it is <see cref="BaseUse.First"/>, is the
    /// first of them. Where no base is subtracted, a sum that starts from the base starts from the first source, which has no term.
    /// </returns>
    /// <exception cref="DemException">DEM3004, DEM3005 or DEM3007: a parameter is missing, has a wrong value, or asks for what is not done.</exception>
    TensorMerge Define(TensorContext question);
}
