using System.Collections.Immutable;
using DemEngine.Errors;
using DemEngine.Numerics;
using DemEngine.Recipes;

namespace DemEngine.Methods.Definition;

/// <summary>What a method is asked about one tensor.</summary>
/// <param name="Tensor">Its name.</param>
/// <param name="Depth">How deep it lies: layer index / (layer count − 1), 0 for embeddings, 1 for what follows the layers.</param>
/// <param name="Global">The recipe's global parameters.</param>
/// <param name="Sources">The sources in order, without the base.</param>
/// <param name="IsRelative">Whether the sources count by their differences from the base.</param>
/// <param name="Elements">How many elements the tensor has.</param>
/// <param name="RowElements">How many lie along its last dimension; all of them where it has only one.</param>
public sealed record TensorContext(
    string Tensor,
    double Depth,
    ScopedParameters Global,
    IReadOnlyList<SourceContext> Sources,
    bool IsRelative,
    long Elements,
    long RowElements)
{
    /// <summary>A number from the global scope.</summary>
    public double Number(string key, double? defaultValue) => Global.Number(key, Tensor, Depth, defaultValue);

    /// <summary>A whole number from the global scope.</summary>
    public long Integer(string key, long? defaultValue) => Global.Integer(key, Tensor, Depth, defaultValue);

    /// <summary>A flag from the global scope.</summary>
    public bool Flag(string key, bool? defaultValue) => Global.Flag(key, Tensor, Depth, defaultValue);

    /// <summary>A number from a source's scope, or the global one.</summary>
    public double NumberOf(int source, string key, double? defaultValue) =>
        Sources[source].Parameters.Number(key, Sources[source].Tensor ?? Tensor, Depth, defaultValue);

    /// <summary>A number from each source's scope, or the global one.</summary>
    public double[] NumberOfEach(string key, double? defaultValue) =>
        [.. Sources.Select((_, source) => NumberOf(source, key, defaultValue))];

    /// <summary>One of a few words from the global scope; the first if it gives none.</summary>
    public string Choice(string key, params ReadOnlySpan<string> choices) => Global.Choice(key, Tensor, Depth, choices);

    /// <summary>The error that a global parameter has a value that cannot be used.</summary>
    internal DemException WrongValue(string key, string message) => Global.WrongValue(key, Tensor, Depth, message);

    /// <summary>The error that a source's parameter has a value that cannot be used.</summary>
    internal DemException WrongValueOf(int source, string key, string message) =>
        Sources[source].Parameters.WrongValue(key, Sources[source].Tensor ?? Tensor, Depth, message);

    /// <summary>How each source is read.</summary>
    internal ImmutableArray<TermKind> Kinds => [.. Sources.Select(source => source.IsVector ? TermKind.Plain : TermKind.RelativeToBase)];

    /// <summary>Refuses rows that are too long to be held at once.</summary>
    /// <exception cref="DemException">DEM3007.</exception>
    internal void RequireRowsOfAtMost(int elements)
    {
        if (RowElements > elements)
        {
            throw new DemException(
                ErrorCode.UnsupportedFeature,
                $"tensor {Quoted.Name(Tensor)} has rows of {RowElements} elements; a method that works row by row takes at most {elements}");
        }
    }

    /// <summary>b + Σ cᵢ·(xᵢ − b) where the sources count by their differences from the base, else Σ cᵢ·xᵢ.</summary>
    /// <param name="coefficients">One for each source; each is rounded once.</param>
    public LinearCombination Sum(IEnumerable<double> coefficients) => new(
        startsFromBase: IsRelative,
        [.. coefficients.Zip(Sources, (coefficient, source) =>
            new Term((float)coefficient, IsRelative && !source.IsVector ? TermKind.RelativeToBase : TermKind.Plain))]);
}

/// <summary>One source.</summary>
/// <param name="Parameters">Its parameters, the global ones behind them.</param>
/// <param name="IsVector">Whether it is a stored distribution vector, which is added as it is, rather than a tuned model.</param>
/// <param name="Tensor">What the tensor is called in it, by which filters are found; null for the name in the output.</param>
public sealed record SourceContext(ScopedParameters Parameters, bool IsVector, string? Tensor = null);
