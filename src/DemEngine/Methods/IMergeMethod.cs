using DemEngine.Numerics;
using DemEngine.Recipes;

namespace DemEngine.Methods;

/// <summary>What a method makes of the recipe's base model.</summary>
public enum BaseUse
{
    /// <summary>The sources' differences from it are merged. A source that is the base itself adds nothing and is left out.</summary>
    Subtracted,

    /// <summary>It is the first of the tensors to be merged.</summary>
    First,

    /// <summary>It takes no part unless it is among the models; it only says which tensors there are.</summary>
    NotUsed,
}

/// <summary>What a method must know of the tensors before it can solve for its coefficients.</summary>
public enum Measurement
{
    /// <summary>Nothing: the recipe says all.</summary>
    None,

    /// <summary>The Gram matrix of the sources; of their differences from the base where that is subtracted, the base coming last.</summary>
    Gram,
}

/// <summary>One parameter that a method takes.</summary>
/// <param name="Name">As the recipe spells it.</param>
/// <param name="Type">What values it takes.</param>
/// <param name="PerModel">Whether it may stand with a model; all may stand in the global scope.</param>
/// <param name="Meaning">What it does and its default, in one sentence.</param>
public sealed record MethodParameter(string Name, ParameterType Type, bool PerModel, string Meaning);

/// <summary>
/// A merge method: from a recipe's parameters, and what was measured, to the coefficients of one elementwise sum. It never touches an
/// element. A new method is a new implementation in this folder; it is found by its type.
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

    /// <summary>What is to be measured.</summary>
    Measurement Measures { get; }

    /// <summary>Solves for the coefficients of one tensor.</summary>
    /// <param name="question">Its parameters and what was measured.</param>
    /// <returns>
    /// A sum with one term for each source, in their order; the base, where it is <see cref="BaseUse.First"/>, is the first of them.
    /// </returns>
    /// <exception cref="DemException">DEM3004 or DEM3005: a parameter is missing or of the wrong type.</exception>
    LinearCombination Solve(TensorQuestion question);
}

/// <summary>What a method is asked about one tensor.</summary>
/// <param name="Tensor">Its name.</param>
/// <param name="Depth">How deep it lies: layer index / (layer count − 1), 0 for embeddings, 1 for what follows the layers.</param>
/// <param name="Global">The recipe's global parameters.</param>
/// <param name="Sources">The sources in order, without the base.</param>
/// <param name="Gram">What was measured, if the method asked for it.</param>
public sealed record TensorQuestion(
    string Tensor, double Depth, ScopedParameters Global, IReadOnlyList<SourceQuestion> Sources, GramMatrix? Gram = null)
{
    /// <summary>A number from the global scope.</summary>
    public double Number(string key, double? defaultValue) => Global.Number(key, Tensor, Depth, defaultValue);

    /// <summary>A flag from the global scope.</summary>
    public bool Flag(string key, bool? defaultValue) => Global.Flag(key, Tensor, Depth, defaultValue);

    /// <summary>A number from each source's scope, or the global one.</summary>
    public double[] NumberOfEach(string key, double? defaultValue) =>
        [.. Sources.Select(source => source.Parameters.Number(key, Tensor, Depth, defaultValue))];
}

/// <summary>One source.</summary>
/// <param name="Parameters">Its parameters, the global ones behind them.</param>
/// <param name="IsVector">Whether it is a stored distribution vector, which is added as it is, rather than a tuned model.</param>
public sealed record SourceQuestion(ScopedParameters Parameters, bool IsVector);
