using DemEngine.Numerics;

namespace DemEngine.Methods.Geometry;

/// <summary>
/// Unit vectors uᵢ of the vectors of a Gram matrix, and the points Σ cᵢ·uᵢ of their span, given by their coefficients. A zero
/// vector has no direction and stays zero.
/// </summary>
/// <param name="gram">Gram matrix of the vectors.</param>
/// <param name="count">Number of vectors that are used, from the first one.</param>
internal sealed class UnitVectors(GramMatrix gram, int count)
{
    /// <summary>Whether a vector is not zero and so has a direction.</summary>
    public bool HasDirection(int i) => gram[i, i] > 0;

    /// <summary>Computes the dot product ⟨Σ cⱼ·uⱼ, uᵢ⟩.</summary>
    public double Product(double[] coefficients, int i)
    {
        double sum = 0;
        for (int j = 0; j < count; j++)
            sum += coefficients[j] * Product(i, j);
        return sum;
    }

    /// <summary>Computes the norm ‖Σ cᵢ·uᵢ‖.</summary>
    public double Norm(double[] coefficients)
    {
        double sum = 0;
        for (int i = 0; i < count; i++)
            sum += coefficients[i] * Product(coefficients, i);
        return Math.Sqrt(Math.Max(0, sum));
    }

    /// <summary>Converts coefficients of the unit vectors to those of the vectors themselves.</summary>
    public double[] OfVectors(double[] coefficients) =>
        [.. coefficients.Select((coefficient, i) => HasDirection(i) ? coefficient / gram.Norm(i) : 0)];

    private double Product(int i, int j) => !HasDirection(i) || !HasDirection(j) ? 0 : i == j ? 1 : gram.Cosine(i, j);
}
