namespace DemEngine.Analysis.Elements;

/// <summary>
/// Statistics of the elements of a tensor, or of several. Infinities and NaNs are counted, and are in none of the others.
/// </summary>
/// <param name="Elements">Number of elements.</param>
/// <param name="Zeros">Number of elements that are 0 or −0.</param>
/// <param name="NaNs">Number of elements that are no number.</param>
/// <param name="Infinities">Number of infinite elements.</param>
/// <param name="Min">Smallest element; +∞ if there is none.</param>
/// <param name="Max">Largest element; −∞ if there is none.</param>
/// <param name="Mean">Mean of the elements; 0 if there is none.</param>
/// <param name="SquaredDeviations">Sum of the squared differences from the mean.</param>
public readonly record struct ElementStatistics(
    long Elements,
    long Zeros,
    long NaNs,
    long Infinities,
    double Min,
    double Max,
    double Mean,
    double SquaredDeviations)
{
    /// <summary>Statistics of no element.</summary>
    public static ElementStatistics None { get; } = new(0, 0, 0, 0, double.PositiveInfinity, double.NegativeInfinity, 0, 0);

    /// <summary>Number of finite elements.</summary>
    public long Finite => Elements - NaNs - Infinities;

    /// <summary>Standard deviation of the finite elements, dividing by their number; 0 if there is none.</summary>
    public double Deviation => Finite == 0 ? 0 : Math.Sqrt(SquaredDeviations / Finite);

    /// <summary>Largest absolute value of the finite elements; 0 if there is none.</summary>
    public double Largest => Finite == 0 ? 0 : Math.Max(Math.Abs(Min), Math.Abs(Max));

    /// <summary>
    /// Statistics of the elements of both (Chan, Golub and LeVeque, "Algorithms for Computing the Sample Variance", 1983). The
    /// result depends on the order, so that sums of parts are taken in the order of the parts.
    /// </summary>
    public ElementStatistics With(ElementStatistics other)
    {
        long finite = Finite + other.Finite;
        double difference = other.Mean - Mean;
        double share = finite == 0 ? 0 : (double)other.Finite / finite;
        return new ElementStatistics(
            Elements + other.Elements,
            Zeros + other.Zeros,
            NaNs + other.NaNs,
            Infinities + other.Infinities,
            Math.Min(Min, other.Min),
            Math.Max(Max, other.Max),
            other.Finite == 0 ? Mean : Finite == 0 ? other.Mean : Mean + (difference * share),
            SquaredDeviations + other.SquaredDeviations + (difference * difference * Finite * share));
    }
}
