namespace DemEngine.Evaluation.Gradients;

/// <summary>
/// Directions in the space of a model's weights, such as the distribution vectors ΔΘᵢ = Θᵢ − Θ of a merge, along which an
/// <see cref="IGradientEvaluator"/> differentiates.
/// </summary>
public interface IWeightDirections
{
    /// <summary>Number of directions.</summary>
    int Count { get; }

    /// <summary>Reads what a direction has for one tensor of the model.</summary>
    /// <param name="direction">Index of the direction, from 0.</param>
    /// <param name="tensor">Name of the tensor.</param>
    /// <param name="first">Index of the tensor's first element to read, in row-major order.</param>
    /// <param name="elements">Destination; its length is the number of elements that are read.</param>
    void Read(int direction, string tensor, long first, Span<float> elements);
}
