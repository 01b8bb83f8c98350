using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Evaluation.Language;

namespace DemEngine.Training.Models;

/// <summary>The location of one stored weight in the vector of all weights.</summary>
/// <param name="Name">Name of the weight, as Hugging Face gives it.</param>
/// <param name="Shape">Shape of the weight.</param>
/// <param name="Offset">Index of the weight's first element in the vector.</param>
public sealed record PlacedWeight(string Name, TensorShape Shape, long Offset);

/// <summary>
/// Layout of all weights of a model as one vector, so that an optimiser takes a step in a few operations. Matrices come
/// before the vectors of normalisations and biases, so that weight decay applies to the first part. Weights that multiply the
/// same input follow each other, so that query, key and value, or gate and up, are one matrix.
/// </summary>
public sealed class ParameterLayout
{
    private readonly Dictionary<string, PlacedWeight> _byName;

    /// <summary>Lays out the weights of a configuration.</summary>
    public ParameterLayout(LlamaConfig config)
    {
        var weights = ImmutableArray.CreateBuilder<PlacedWeight>();
        foreach (LlamaTensor tensor in LlamaTensors.Of(config).OrderBy(IsVector)) // A stable sort.
        {
            weights.Add(new PlacedWeight(tensor.Name, tensor.Shape, Length));
            Length += tensor.Shape.ElementCount;
            if (!IsVector(tensor))
                MatrixLength = Length;
        }

        Weights = weights.ToImmutable();
        _byName = Weights.ToDictionary(weight => weight.Name, StringComparer.Ordinal);
    }

    /// <summary>The weights in the order of the vector.</summary>
    public ImmutableArray<PlacedWeight> Weights { get; }

    /// <summary>Number of all elements.</summary>
    public long Length { get; }

    /// <summary>Number of elements of the matrices, which come first.</summary>
    public long MatrixLength { get; }

    /// <summary>Location of a weight in the vector.</summary>
    public PlacedWeight this[string name] => _byName[name];

    private static bool IsVector(LlamaTensor tensor) => tensor.Shape.Dimensions.Length == 1;
}
