using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Evaluation.Language;

namespace DemEngine.Training.Models;

/// <summary>One stored weight's place in the vector of all weights.</summary>
/// <param name="Name">Hugging Face's name.</param>
/// <param name="Shape">Its dimensions.</param>
/// <param name="Offset">Index of its first element.</param>
public sealed record PlacedWeight(string Name, TensorShape Shape, long Offset);

/// <summary>
/// All weights of a model as one vector, so that an optimiser takes a step in a few operations. Matrices come before the vectors of the
/// normalisations, so that weight decay concerns the first part; and those that multiply the same input follow each other, so that
/// query, key and value, or gate and up, are one matrix.
/// </summary>
public sealed class ParameterLayout
{
    private readonly Dictionary<string, PlacedWeight> _byName;

    /// <summary>Lays out the weights of a configuration.</summary>
    public ParameterLayout(LlamaConfig config)
    {
        var weights = ImmutableArray.CreateBuilder<PlacedWeight>();
        foreach (LlamaTensor tensor in LlamaTensors.Of(config).OrderBy(IsNormalisation)) // A stable sort.
        {
            weights.Add(new PlacedWeight(tensor.Name, tensor.Shape, Length));
            Length += tensor.Shape.ElementCount;
            if (!IsNormalisation(tensor))
                MatrixLength = Length;
        }

        Weights = weights.ToImmutable();
        _byName = Weights.ToDictionary(weight => weight.Name, StringComparer.Ordinal);
    }

    /// <summary>The weights in the order of the vector.</summary>
    public ImmutableArray<PlacedWeight> Weights { get; }

    /// <summary>Number of all elements.</summary>
    public long Length { get; }

    /// <summary>Number of elements of matrices, which come first.</summary>
    public long MatrixLength { get; }

    /// <summary>The place of a weight.</summary>
    public PlacedWeight this[string name] => _byName[name];

    private static bool IsNormalisation(LlamaTensor tensor) => tensor.Shape.Dimensions.Length == 1;
}
