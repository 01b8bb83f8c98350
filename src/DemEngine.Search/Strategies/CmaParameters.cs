namespace DemEngine.Search.Strategies;

/// <summary>
/// The default constants of CMA-ES for n dimensions, from table 1 of Hansen, "The CMA evolution strategy: a tutorial", arXiv
/// 1604.00772. The names are those of the tutorial.
/// </summary>
internal sealed class CmaParameters
{
    private const double CovarianceRate = 2; // α_cov

    public CmaParameters(int n)
    {
        Lambda = 4 + (int)(3 * Math.Log(n));
        double[] raw = [.. Enumerable.Range(1, Lambda).Select(i => Math.Log((Lambda + 1) / 2.0) - Math.Log(i))];
        double[] positive = [.. raw.Where(w => w > 0)];
        double[] negative = [.. raw.Where(w => w <= 0)];
        Mu = positive.Length;
        MuEff = EffectiveCount(positive);
        double muEffMinus = EffectiveCount(negative);

        CSigma = (MuEff + 2) / (n + MuEff + 5);
        DSigma = 1 + (2 * Math.Max(0, Math.Sqrt((MuEff - 1) / (n + 1)) - 1)) + CSigma;
        CC = (4 + (MuEff / n)) / (n + 4 + (2 * MuEff / n));
        C1 = CovarianceRate / (Math.Pow(n + 1.3, 2) + MuEff);
        CMu = Math.Min(
            1 - C1,
            CovarianceRate * (0.25 + MuEff + (1 / MuEff) - 2) / (Math.Pow(n + 2, 2) + (CovarianceRate * MuEff / 2)));

        double alphaMu = 1 + (C1 / CMu);
        double alphaMuEff = 1 + (2 * muEffMinus / (MuEff + 2));
        double alphaPosDef = (1 - C1 - CMu) / (n * CMu);
        double negativeSum = Math.Min(alphaMu, Math.Min(alphaMuEff, alphaPosDef));
        Weights = [.. positive.Select(w => w / positive.Sum()), .. negative.Select(w => negativeSum * w / -negative.Sum())];

        // E‖N(0, I)‖
        ExpectedNorm = Math.Sqrt(n) * (1 - (1 / (4.0 * n)) + (1 / (21.0 * n * n)));
    }

    /// <summary>λ: number of points in a generation.</summary>
    public int Lambda { get; }

    /// <summary>μ: number of the best points of a generation, to whose weighted mean the search moves.</summary>
    public int Mu { get; }

    /// <summary>wᵢ: weights by rank, the best first. The first μ are positive and add up to 1; the others are negative.</summary>
    public double[] Weights { get; }

    public double MuEff { get; }

    public double CSigma { get; }

    public double DSigma { get; }

    public double CC { get; }

    public double C1 { get; }

    public double CMu { get; }

    public double ExpectedNorm { get; }

    private static double EffectiveCount(double[] weights) => Math.Pow(weights.Sum(), 2) / weights.Sum(w => w * w);
}
