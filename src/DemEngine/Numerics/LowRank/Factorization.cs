namespace DemEngine.Numerics.LowRank;

/// <summary>A matrix near a given one, as a product of thin ones: U·diag(σ)·Vᵀ.</summary>
/// <param name="Left">U, with orthonormal columns.</param>
/// <param name="Values">The singular values σ, the largest first.</param>
/// <param name="Right">V, with orthonormal columns.</param>
/// <param name="Squares">Sum of the squares of the given matrix's elements, ‖M‖².</param>
internal sealed record Factorization(ThinMatrix Left, double[] Values, ThinMatrix Right, double Squares)
{
    /// <summary>
    /// Share of ‖M‖² that the first singular values hold, which is 1 − (error/‖M‖)² of the product that they make.
    /// </summary>
    /// <param name="rank">Number of singular values.</param>
    public double Energy(int rank) =>
        Squares == 0 ? 1 : Math.Min(1, Values.Take(rank).Sum(value => value * value) / Squares);

    /// <summary>
    /// Returns the least rank that holds a share of ‖M‖²; null if all singular values that are known hold less.
    /// </summary>
    /// <param name="energy">The share, from 0 to 1.</param>
    public int? RankOf(double energy)
    {
        for (int rank = 1; rank <= Values.Length; rank++)
        {
            if (Energy(rank) >= energy)
                return rank;
        }

        return null;
    }

    /// <summary>
    /// Cuts to a rank and divides into two factors, U·√σ and V·√σ, so that neither is large where the other is small.
    /// </summary>
    /// <param name="rank">Rank of the factors; no more than there are singular values.</param>
    public (ThinMatrix Left, ThinMatrix Right) Cut(int rank) => (Scaled(Left, rank), Scaled(Right, rank));

    private ThinMatrix Scaled(ThinMatrix vectors, int rank)
    {
        var scaled = new ThinMatrix(vectors.Rows, rank);
        for (int i = 0; i < vectors.Rows; i++)
        {
            for (int k = 0; k < rank; k++)
                scaled[i, k] = vectors[i, k] * Math.Sqrt(Values[k]);
        }

        return scaled;
    }
}
