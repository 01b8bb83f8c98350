using System.Collections.Immutable;
using DemEngine.Errors;
using DemEngine.Numerics;
using DemEngine.Recipes;

namespace DemEngine.Methods.Definition;

/// <summary>Context in which a method defines the merge of one tensor.</summary>
/// <param name="Tensor">Name of the tensor in the output.</param>
/// <param name="Depth">
/// Depth of the tensor: layer index / (layer count − 1), 0 for embeddings, 1 for what follows the layers.
/// </param>
/// <param name="Global">Global parameters of the recipe.</param>
/// <param name="Sources">Sources in order, without the base.</param>
/// <param name="IsRelative">Whether the sources count by their differences from the base.</param>
/// <param name="Elements">Number of elements of the tensor.</param>
/// <param name="RowElements">Number of elements along the tensor's last dimension; all of them where it has only one.</param>
public sealed record TensorContext(
    string Tensor,
    double Depth,
    ScopedParameters Global,
    IReadOnlyList<SourceContext> Sources,
    bool IsRelative,
    long Elements,
    long RowElements)
{
    private readonly Func<double>? _findDepth;

    /// <summary>Depth of the tensor: layer index / (layer count − 1), 0 for embeddings, 1 for what follows the layers.</summary>
    public double Depth
    {
        get => _findDepth is null ? field : _findDepth();
        init;
    }

    = Depth;

    /// <summary>
    /// Finds the depth when it is first asked for: it takes finding the layers, and mostly only gradients need it.
    /// </summary>
    internal Func<double> FindDepth
    {
        init => _findDepth = value;
    }

    /// <summary>
    /// Number of columns, which extend along the tensor's first dimension: the product of the others; 1 where there is no other.
    /// </summary>
    public long Columns { get; init; } = 1;

    /// <summary>Reads a number from the global scope.</summary>
    public double Number(string key, double? defaultValue) => Global.Number(key, Tensor, DepthIn(Global), defaultValue);

    /// <summary>Reads a whole number from the global scope.</summary>
    public long Integer(string key, long? defaultValue) => Global.Integer(key, Tensor, DepthIn(Global), defaultValue);

    /// <summary>Reads a flag from the global scope.</summary>
    public bool Flag(string key, bool? defaultValue) => Global.Flag(key, Tensor, DepthIn(Global), defaultValue);

    /// <summary>Reads a number from a source's scope, or from the global one where the source has none.</summary>
    public double NumberOf(int source, string key, double? defaultValue) =>
        Sources[source].Parameters.Number(
            key, Sources[source].Tensor ?? Tensor, DepthIn(Sources[source].Parameters), defaultValue);

    /// <summary>Reads a number for each source, from its scope or from the global one.</summary>
    public double[] NumberOfEach(string key, double? defaultValue)
    {
        double[] numbers = new double[Sources.Count];
        for (int source = 0; source < numbers.Length; source++)
            numbers[source] = NumberOf(source, key, defaultValue);
        return numbers;
    }

    /// <summary>Reads one of a few words from the global scope; the first of them if the recipe gives none.</summary>
    public string Choice(string key, params ReadOnlySpan<string> choices) => Global.Choice(key, Tensor, DepthIn(Global), choices);

    /// <summary>Creates the error that a global parameter has an unusable value.</summary>
    internal DemException WrongValue(string key, string message) => Global.WrongValue(key, Tensor, DepthIn(Global), message);

    /// <summary>Creates the error that a source's parameter has an unusable value.</summary>
    internal DemException WrongValueOf(int source, string key, string message) =>
        Sources[source].Parameters.WrongValue(
            key, Sources[source].Tensor ?? Tensor, DepthIn(Sources[source].Parameters), message);

    /// <summary>Kind of each source: plain for a stored vector, else relative to the base.</summary>
    internal ImmutableArray<TermKind> Kinds =>
        [.. Sources.Select(source => source.IsVector ? TermKind.Plain : TermKind.RelativeToBase)];

    /// <summary>Rejects a tensor whose rows are too long to be in memory at once.</summary>
    /// <exception cref="DemException">DEM3007 (UnsupportedFeature): a row has more elements than the limit.</exception>
    internal void RequireRowsOfAtMost(int elements)
    {
        if (RowElements > elements)
        {
            throw new DemException(
                ErrorCode.UnsupportedFeature,
                $"tensor {Quoted.Name(Tensor)} has rows of {RowElements} elements; "
                + $"a method that works row by row takes at most {elements}");
        }
    }

    /// <summary>Rejects a tensor with so many columns that a row cannot be in memory at once.</summary>
    /// <exception cref="DemException">DEM3007 (UnsupportedFeature): there are more columns than the limit.</exception>
    internal void RequireColumnsOfAtMost(int columns)
    {
        if (Columns > columns)
        {
            throw new DemException(
                ErrorCode.UnsupportedFeature,
                $"tensor {Quoted.Name(Tensor)} has {Columns} columns; "
                + $"a method that works column by column takes at most {columns}");
        }
    }

    /// <summary>
    /// Creates the sum b + Σ cᵢ·(xᵢ − b) where the sources count by their differences from the base, else Σ cᵢ·xᵢ.
    /// </summary>
    /// <param name="coefficients">Coefficients, one for each source; each is rounded once, to binary32.</param>
    public LinearCombination Sum(IEnumerable<double> coefficients) => new(
        startsFromBase: IsRelative,
        [.. coefficients.Zip(Sources, (coefficient, source) =>
            new Term((float)coefficient, IsRelative && !source.IsVector ? TermKind.RelativeToBase : TermKind.Plain))]);

    private double DepthIn(ScopedParameters parameters) => parameters.HasGradients ? Depth : 0;
}

/// <summary>Context of one source of a tensor.</summary>
/// <param name="Parameters">Parameters of the source, with the global ones as fallback.</param>
/// <param name="IsVector">
/// Whether the source is a stored distribution vector, which is added unchanged, not a tuned model.
/// </param>
/// <param name="Tensor">Name of the tensor in the source, which parameter filters match; null for the name in the output.</param>
public sealed record SourceContext(ScopedParameters Parameters, bool IsVector, string? Tensor = null);
