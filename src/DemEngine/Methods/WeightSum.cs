namespace DemEngine.Methods;

/// <summary>Divisor for weights that are normalised to a sum of 1.</summary>
internal static class WeightSum
{
    private const double Negligible = 1e-8;

    /// <summary>
    /// Returns the sum of the weights, or 1 where it is negligible, so that weights that cancel are used unchanged.
    /// </summary>
    public static double Divisor(double[] weights)
    {
        double sum = weights.Sum();
        return Math.Abs(sum) < Negligible ? 1 : sum;
    }
}
