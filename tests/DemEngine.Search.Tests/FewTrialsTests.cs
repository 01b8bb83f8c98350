using DemEngine.Search.Space;
using DemEngine.Search.Strategies;

namespace DemEngine.Search.Tests;

/// <summary>The strategies that are made for few trials, on functions whose minimum is known.</summary>
public class FewTrialsTests
{
    [TestCase(2)]
    [TestCase(8)]
    [TestCase(16)]
    [TestCase(100)]
    public void Slopes_find_a_minimum_in_a_number_of_trials_that_hardly_depends_on_the_coefficients(int dimensions)
    {
        // A loss that grows by factors, with coefficients of different weight that depend on each other, and a minimum inside.
        double[] minimum = [.. Enumerable.Range(0, dimensions).Select(i => 0.2 + (0.6 * i / dimensions))];
        (double Cost, double[] Slope) Loss(SearchPoint x)
        {
            double[] d = [.. x.Coordinates.Zip(minimum, (value, best) => value - best)];
            double sum = d.Sum(), square = d.Select((value, i) => (1 + (i % 3)) * value * value).Sum() + (sum * sum);
            double cost = 0.1 * Math.Exp(square);
            return (cost, [.. d.Select((value, i) => cost * 2 * (((1 + (i % 3)) * value) + sum))]);
        }

        var strategy = new GradientSearch(Minimise.Space(dimensions, 0, 1, 0.1));
        List<(SearchPoint Point, double Cost)> trials = [];
        while (strategy.Ask(1) is [var point])
        {
            (double cost, double[] slope) = Loss(point);
            trials.Add((point, cost));
            strategy.Tell(cost, slope);
        }

        Assert.That(trials, Has.Count.LessThan(20));
        Assert.That(trials.Min(trial => trial.Cost), Is.EqualTo(0.1).Within(dimensions < 100 ? 1 : 5).Percent);
    }

    [Test]
    public void Slopes_keep_to_the_bounds_and_a_failed_trial_shortens_the_step()
    {
        var strategy = new GradientSearch(Minimise.Space(2, 0, 1, 0.1, 0.5, 0.5));
        List<SearchPoint> points = [];
        for (int k = 0; k < 100 && strategy.Ask(1) is [var point]; k++)
        {
            points.Add(point);
            bool fails = point[1] > 0.62;
            strategy.Tell(fails ? double.NaN : 3 + point[0] - point[1], fails ? [] : [1, -1]);
        }

        Assert.That(points, Has.Count.LessThan(60), "it ended");
        Assert.That(points.Where(point => point[1] <= 0.62).Max(point => point[1] - point[0]), Is.GreaterThan(0.2));
        Assert.That(points, Is.All.Matches<SearchPoint>(point => point!.Coordinates.All(x => x is >= 0 and <= 1)));
    }

    [TestCase(2, 14)]
    [TestCase(4, 40)]
    public void A_quadratic_fitted_to_few_trials_finds_its_own_minimum(int dimensions, int trials)
    {
        double Cost(SearchPoint x) => Math.Exp((3 * Minimise.Sphere(x)) + Math.Pow(x.Coordinates.Sum() - 1, 2)) - 0.5;
        double best = Enumerable.Range(0, 3).Select(seed =>
            Minimise.Run(new CmaEs(Minimise.Space(dimensions, 0, 1, 0.001), (ulong)seed), Cost, 4000).Min(trial => trial.Cost)).Min();
        var found = Minimise.Run(new SurrogateSearch(Minimise.Space(dimensions, 0, 1, 0.1)), Cost, 500);
        Assert.That(found, Has.Count.LessThan(100), "it ended");
        Assert.That(found.Take(trials).Min(trial => trial.Cost), Is.EqualTo(best).Within(0.01));
    }

    [Test]
    public void A_gaussian_process_finds_the_best_of_a_metric_with_steps()
    {
        // As a share of right answers: no slope anywhere.
        double Cost(SearchPoint x) => -Math.Floor(40 * Math.Exp(-4 * Minimise.Sphere(x))) / 40;
        var found = Minimise.Run(new BayesianSearch(Minimise.Space(3, 0, 1, 0.1), 5), Cost, 40);
        var random = Minimise.Run(new RandomSearch(Minimise.Space(3, 0, 1, 0.1), 5), Cost, 40);
        Assert.That(found.Min(trial => trial.Cost), Is.LessThanOrEqualTo(-0.95));
        Assert.That(found.Min(trial => trial.Cost), Is.LessThan(random.Min(trial => trial.Cost)));
    }

    [Test]
    public void A_flat_metric_ends_no_strategy_in_an_error()
    {
        foreach (ISearchStrategy strategy in new ISearchStrategy[] { new SurrogateSearch(Minimise.Space(3, 0, 1, 0.1)), new BayesianSearch(Minimise.Space(3, 0, 1, 0.1), 1) })
            Assert.That(Minimise.Run(strategy, _ => 1, 30), Is.Not.Empty, strategy.Name);
    }
}
