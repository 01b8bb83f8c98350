using DemEngine.Numerics;


namespace DemEngine.Tests.Numerics;

public class SymmetricEigenTests
{
    [Test]
    public void A_matrix_of_two_has_its_known_eigenvalues()
    {
        var eigen = new SymmetricEigen(new double[,] { { 2, 1 }, { 1, 2 } });
        Assert.That(eigen.Values.Order(), Is.EqualTo([1, 3]).Within(1e-15));
    }

    [TestCase(1)]
    [TestCase(3)]
    [TestCase(8)]
    [TestCase(20)]
    public void The_parts_make_the_whole_again(int n)
    {
        var random = new Random(n);
        double[,] matrix = new double[n, n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j <= i; j++)
                matrix[i, j] = matrix[j, i] = random.NextDouble() - 0.5;
        }

        var eigen = new SymmetricEigen(matrix);
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
            {
                double whole = 0, product = 0;
                for (int k = 0; k < n; k++)
                {
                    whole += eigen.Vectors[i, k] * eigen.Values[k] * eigen.Vectors[j, k];
                    product += eigen.Vectors[k, i] * eigen.Vectors[k, j];
                }

                Assert.That(whole, Is.EqualTo(matrix[i, j]).Within(1e-13));
                Assert.That(product, Is.EqualTo(i == j ? 1 : 0).Within(1e-13), "orthonormal");
            }
        }
    }

    [Test]
    public void Widely_different_scales_keep_their_digits()
    {
        var eigen = new SymmetricEigen(new double[,] { { 1e12, 3, 0 }, { 3, 1, 0 }, { 0, 0, 1e-12 } });
        Assert.That(eigen.Values.Order().ToArray(), Is.EqualTo([1e-12, 1 - 9e-12, 1e12]).Within(1e-10).Percent);
    }
}
