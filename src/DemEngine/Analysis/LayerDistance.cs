using System.Collections.Immutable;
using DemEngine.Numerics;

namespace DemEngine.Analysis;

/// <summary>How far the models lie from their base in one layer, or in all. What cannot be said, because of a zero or a NaN, is NaN.</summary>
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

    /// <summary>The layer, such as <c>model.layers.3</c>, or a module outside the layers, such as <c>lm_head</c>.</summary>
    public string Name { get; }

    /// <summary>Number of floating-point tensors in it.</summary>
    public int Tensors { get; }

    /// <summary>Number of their elements.</summary>
    public long Parameters { get; }

    /// <summary>‖Θ‖, the base's Euclidean norm.</summary>
    public double BaseNorm { get; }

    /// <summary>‖Δ‖ = ‖Θᵢ − Θ‖ for each model.</summary>
    public ImmutableArray<double> Distances { get; }

    /// <summary>‖Δ‖ / ‖Θ‖ for each model.</summary>
    public ImmutableArray<double> RelativeChanges { get; }

    /// <summary>The cosine of the angle between the distribution vectors of two models: one row for each model, one entry for each.</summary>
    public ImmutableArray<ImmutableArray<double>> Cosines { get; }
}
