using DemEngine.Numerics;

namespace DemEngine.Methods.Geometry;

/// <summary>
/// The vectors of a Gram matrix, each divided by its norm, and what lies in their span: Σ cᵢ·uᵢ, given by its coefficients. A zero vector
/// has no direction and stays zero.
/// </summary>
/// <param name="gram">The vectors' products.</param>
/// <param name="count">How many of them, from the first.</param>
internal sealed class UnitVectors(GramMatrix gram, int count)
{
    /// <summary>Whether a vector has a direction.</summary>
    public bool HasDirection(int i) => gram[i, i] > 0;

    /// <summary>⟨Σ cⱼ·uⱼ, uᵢ⟩.</summary>
    public double Product(double[] coefficients, int i)
    {
        double sum = 0;
        for (int j = 0; j < count; j++)
            sum += coefficients[j] * Product(i, j);
        return sum;
    }

    /// <summary>‖Σ cᵢ·uᵢ‖.</summary>
    public double Norm(double[] coefficients)
    {
        double sum = 0;
        for (int i = 0; i < count; i++)
            sum += coefficients[i] * Product(coefficients, i);
        return Math.Sqrt(Math.Max(0, sum));
    }

    /// <summary>From coefficients of the unit vectors to those of the vectors themselves.</summary>
    public double[] OfVectors(double[] coefficients) =>
        [.. coefficients.Select((coefficient, i) => HasDirection(i) ? coefficient / gram.Norm(i) : 0)];

    private double Product(int i, int j) => !HasDirection(i) || !HasDirection(j) ? 0 : i == j ? 1 : gram.Cosine(i, j);
}
