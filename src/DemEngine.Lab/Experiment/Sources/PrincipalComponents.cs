using System.Collections.Immutable;
using DemEngine.Numerics;

namespace DemEngine.Lab.Experiment.Sources;

/// <summary>
/// The directions in which points vary most, from the Gram matrix of the centred points: with K = X·Xᵀ = V·diag(λ)·Vᵀ the
/// coordinates along component k are √λₖ·vₖ (Schölkopf, Smola and Müller, "Nonlinear component analysis as a kernel eigenvalue
/// problem", 1998, with the linear kernel). Suits many features and some hundred points.
/// </summary>
public sealed class PrincipalComponents
{
    /// <summary>Computes the components.</summary>
    /// <param name="products">Dot products of the points, a symmetric matrix; the points need not be centred.</param>
    /// <param name="count">Number of components; those beyond the number of points are 0.</param>
    public PrincipalComponents(double[,] products, int count)
    {
        int n = products.GetLength(0);
        var eigen = new SymmetricEigen(Centre(products));
        int[] order = [.. Enumerable.Range(0, n).OrderByDescending(k => eigen.Values[k])];
        double total = eigen.Values.Sum(value => Math.Max(value, 0));
        Shares =
        [
            .. Enumerable.Range(0, count)
                .Select(k => k < n && total > 0 ? Math.Max(eigen.Values[order[k]], 0) / total : 0),
        ];
        Coordinates =
        [
            .. Enumerable.Range(0, count).Select(k => k < n ? Along(eigen, order[k]) : new double[n].ToImmutableArray()),
        ];
    }

    /// <summary>Share of the variance along each component, 0 to 1, descending.</summary>
    public ImmutableArray<double> Shares { get; }

    /// <summary>Coordinates of the points along each component: one array per component, one element per point.</summary>
    public ImmutableArray<ImmutableArray<double>> Coordinates { get; }

    /// <summary>
    /// Computes the coordinates along one component. An eigenvector's sign is arbitrary; here its largest element is positive.
    /// </summary>
    private static ImmutableArray<double> Along(SymmetricEigen eigen, int k)
    {
        int n = eigen.Values.Length;
        double largest = Enumerable.Range(0, n).Select(i => eigen.Vectors[i, k]).MaxBy(Math.Abs);
        double scale = Math.Sqrt(Math.Max(eigen.Values[k], 0)) * (largest < 0 ? -1 : 1);
        return [.. Enumerable.Range(0, n).Select(i => scale * eigen.Vectors[i, k])];
    }

    /// <summary>
    /// Dot products of the centred points: row and column means are subtracted, and the overall mean is added again.
    /// </summary>
    private static double[,] Centre(double[,] products)
    {
        int n = products.GetLength(0);
        double[] means = [.. Enumerable.Range(0, n).Select(i => Enumerable.Range(0, n).Average(j => products[i, j]))];
        double mean = means.Average();
        var centred = new double[n, n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
                centred[i, j] = products[i, j] - means[i] - means[j] + mean;
        }

        return centred;
    }
}
