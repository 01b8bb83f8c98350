using System.Collections.Immutable;
using DemEngine.Numerics;

namespace DemEngine.Analysis;

/// <summary>
/// Distances of the models from their base in one layer, or in all. A value that is undefined because of a zero or a NaN is NaN.
/// </summary>
public sealed record LayerDistance
{
    internal LayerDistance(string name, int tensors, long parameters, GramMatrix gram)
    {
        int models = gram.Order - 1;
        Name = name;
        Tensors = tensors;
        Parameters = parameters;
        BaseNorm = gram.Norm(models);
        Distances = [.. Enumerable.Range(0, models).Select(gram.Norm)];
        RelativeChanges = [.. Distances.Select(distance => distance / BaseNorm)];
        Cosines =
        [
            .. Enumerable.Range(0, models).Select(i =>
                Enumerable.Range(0, models).Select(j => i == j && gram[i, i] > 0 ? 1 : gram.Cosine(i, j)).ToImmutableArray()),
        ];
    }

    /// <summary>
    /// Name of the layer, such as <c>model.layers.3</c>, or of a module outside the layers, such as <c>lm_head</c>.
    /// </summary>
    public string Name { get; }

    /// <summary>Number of floating-point tensors in the layer.</summary>
    public int Tensors { get; }

    /// <summary>Number of elements of these tensors.</summary>
    public long Parameters { get; }

    /// <summary>Euclidean norm ‖Θ‖ of the base.</summary>
    public double BaseNorm { get; }

    /// <summary>Distance ‖Δ‖ = ‖Θᵢ − Θ‖ of each model from the base.</summary>
    public ImmutableArray<double> Distances { get; }

    /// <summary>Relative change ‖Δ‖ / ‖Θ‖ of each model.</summary>
    public ImmutableArray<double> RelativeChanges { get; }

    /// <summary>
    /// Cosines of the angles between the models' distribution vectors, as a square matrix with a row and a column for each model.
    /// </summary>
    public ImmutableArray<ImmutableArray<double>> Cosines { get; }
}
