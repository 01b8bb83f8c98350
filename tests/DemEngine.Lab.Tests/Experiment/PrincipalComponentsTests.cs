using DemEngine.Lab.Experiment.Sources;

namespace DemEngine.Lab.Tests.Experiment;

public class PrincipalComponentsTests
{
    [Test]
    public void Points_on_an_ellipse_in_space_lie_on_it_in_the_plane()
    {
        // 3·cos t and sin t along two directions at right angles, somewhere in four dimensions.
        double[] first = [0.5, 0.5, 0.5, 0.5], second = [0.5, -0.5, 0.5, -0.5];
        double[][] points =
        [
            .. Enumerable.Range(0, 40).Select(k => 2 * Math.PI * k / 40).Select(t =>
                Enumerable.Range(0, 4).Select(i => 7 + i + (3 * Math.Cos(t) * first[i]) + (Math.Sin(t) * second[i])).ToArray()),
        ];
        var components = new PrincipalComponents(Products(points), 3);
        Assert.Multiple(() =>
        {
            Assert.That(components.Shares[0], Is.EqualTo(0.9).Within(1e-9));
            Assert.That(components.Shares[1], Is.EqualTo(0.1).Within(1e-9));
            Assert.That(components.Shares[2], Is.Zero.Within(1e-9));
            for (int k = 0; k < 40; k++)
            {
                Assert.That(Math.Abs(components.Coordinates[0][k]), Is.EqualTo(Math.Abs(3 * Math.Cos(2 * Math.PI * k / 40))).Within(1e-9));
                Assert.That(Math.Abs(components.Coordinates[1][k]), Is.EqualTo(Math.Abs(Math.Sin(2 * Math.PI * k / 40))).Within(1e-9));
            }
        });
    }

    [Test]
    public void Distances_are_kept_where_all_components_are()
    {
        var random = new Random(3);
        double[][] points = [.. Enumerable.Range(0, 5).Select(_ => Enumerable.Range(0, 9).Select(_ => random.NextDouble()).ToArray())];
        var components = new PrincipalComponents(Products(points), 5);
        for (int i = 0; i < 5; i++)
        {
            for (int j = 0; j < 5; j++)
            {
                double there = Math.Sqrt(points[i].Zip(points[j], (a, b) => (a - b) * (a - b)).Sum());
                double here = Math.Sqrt(components.Coordinates.Sum(axis => (axis[i] - axis[j]) * (axis[i] - axis[j])));
                Assert.That(here, Is.EqualTo(there).Within(1e-9));
            }
        }
    }

    [Test]
    public void Equal_points_vary_nowhere()
    {
        var components = new PrincipalComponents(Products([[1, 2], [1, 2], [1, 2]]), 2);
        Assert.That(components.Coordinates.SelectMany(axis => axis), Has.All.Zero.Within(1e-7));
    }

    private static double[,] Products(double[][] points)
    {
        var products = new double[points.Length, points.Length];
        for (int i = 0; i < points.Length; i++)
        {
            for (int j = 0; j < points.Length; j++)
                products[i, j] = points[i].Zip(points[j], (a, b) => a * b).Sum();
        }

        return products;
    }
}
