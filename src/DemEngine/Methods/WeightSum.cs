namespace DemEngine.Methods;

/// <summary>Division by the sum of the weights.</summary>
internal static class WeightSum
{
    private const double Negligible = 1e-8;

    /// <summary>The sum; 1 where it is next to nothing, so that weights that cancel are used as they are.</summary>
    public static double Divisor(double[] weights)
    {
        double sum = weights.Sum();
        return Math.Abs(sum) < Negligible ? 1 : sum;
    }
}
