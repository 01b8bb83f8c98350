using DemEngine.Search.Space;
using DemEngine.Search.Strategies;

namespace DemEngine.Search.Tests;

public class StrategyTests
{
    [Test]
    public void A_grid_is_walked_once_in_order()
    {
        SearchSpace space = new([new("a", CoefficientRange.Of(0, 1, 0.5)), new("b", CoefficientRange.Of(-0.2, 0.2, 0.3))]);
        SearchPoint[] points = [.. Minimise.Run(new GridSearch(space), _ => 0).Select(trial => trial.Point)];
        Assert.That(points.Select(point => point.ToString()), Is.EqualTo(["(0, -0.2)", "(0, 0.1)", "(0.5, -0.2)", "(0.5, 0.1)", "(1, -0.2)", "(1, 0.1)"]));
        Assert.That(space.GridCount, Is.EqualTo(6));
    }

    [Test]
    public void A_grid_finds_its_best_point()
    {
        var trials = Minimise.Run(new GridSearch(Minimise.Space(3, 0, 1, 0.1)), Minimise.Sphere);
        Assert.That(trials, Has.Count.EqualTo(11 * 11 * 11));
        Assert.That(trials.Best(), Is.EqualTo(new SearchPoint(0.2, 0.3, 0.4)));
    }

    [Test]
    public void Coordinate_descent_finds_the_minimum_of_a_separable_function_in_few_trials()
    {
        double Cost(SearchPoint x) => Math.Abs(x[0] - 0.7) + Math.Pow(x[1] - 0.125, 2) - Math.Sqrt(1.01 - x[2]);
        var trials = Minimise.Run(new CoordinateDescent(Minimise.Space(3, 0, 1, 0.1)), Cost);
        Assert.That(trials.Best(), Is.EqualTo(new SearchPoint(0.7, 0.125, 0)));
        Assert.That(trials.DistinctBy(trial => trial.Point).Count(), Is.LessThan(60));
        Assert.That(trials[0].Point, Is.EqualTo(new SearchPoint(0.5, 0.5, 0.5)), "begins at the start");
    }

    [Test]
    public void Coordinate_descent_refines_to_a_quarter_of_a_step_and_stays_inside()
    {
        SearchSpace space = Minimise.Space(2, 0.1, 0.9, 0.2, 5, -5);
        var trials = Minimise.Run(new CoordinateDescent(space), x => Math.Pow(x[0] - 0.44, 2) + Math.Pow(x[1] - 0.86, 2));
        Assert.That(trials[0].Point, Is.EqualTo(new SearchPoint(0.9, 0.1)));
        Assert.That(trials.Best(), Is.EqualTo(new SearchPoint(0.45, 0.85)));
        Assert.That(trials.Select(trial => trial.Point), Is.All.Matches<SearchPoint>(point => space.Contains(point!)));
    }

    [Test]
    public void Random_search_draws_all_of_the_ranges()
    {
        SearchSpace space = Minimise.Space(2, -1, 3, 0.5);
        double[] first = [.. Minimise.Run(new RandomSearch(space, 5), Minimise.Sphere, 4000).Select(trial => trial.Point[0])];
        Assert.That(first.Average(), Is.EqualTo(1).Within(0.1));
        Assert.That(first.Select(x => x * x).Average() - Math.Pow(first.Average(), 2), Is.EqualTo(16 / 12.0).Within(0.1), "a uniform variance");
        Assert.That(first.Min(), Is.InRange(-1, -0.99));
        Assert.That(first.Max(), Is.InRange(2.99, 3));
        Assert.That(Minimise.Run(new RandomSearch(space, 5), Minimise.Sphere, 4000).Best()[0], Is.EqualTo(0.2).Within(0.1));
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(5)]
    public void Cma_es_finds_the_minimum_of_a_sphere_and_ends(int dimensions)
    {
        SearchSpace space = Minimise.Space(dimensions, 0, 1, 0.001);
        var trials = Minimise.Run(new CmaEs(space, 3), Minimise.Sphere, 5000);
        Assert.That(trials, Has.Count.LessThan(5000), "it ended by itself");
        Assert.That(trials.Best().Coordinates, Is.EqualTo(Enumerable.Range(0, dimensions).Select(i => 0.2 + (0.1 * i))).Within(0.001));
        Assert.That(trials.Select(trial => trial.Point), Is.All.Matches<SearchPoint>(point => space.Contains(point!)));
    }

    [TestCase(2)]
    [TestCase(4)]
    public void Cma_es_follows_the_valley_of_rosenbrock(int dimensions)
    {
        var trials = Minimise.Run(new CmaEs(Minimise.Space(dimensions, -2, 2, 0.001), 1), Minimise.Rosenbrock, 20_000);
        Assert.That(trials.Best().Coordinates, Is.All.EqualTo(1).Within(0.002));
    }

    [Test]
    public void Cma_es_finds_a_minimum_on_the_border()
    {
        var trials = Minimise.Run(new CmaEs(Minimise.Space(3, 0, 1, 0.01), 2), x => x[0] - x[1] + Math.Pow(x[2] - 0.5, 2), 2000);
        Assert.That(trials.Best().Coordinates, Is.EqualTo([0, 1, 0.5]).Within(0.01));
    }

    [Test]
    public void Failures_do_not_lead_a_strategy_astray()
    {
        // Half of the space fails.
        double Cost(SearchPoint x) => x[0] > 0.5 ? double.NaN : Minimise.Sphere(x);
        Assert.That(Minimise.Run(new CmaEs(Minimise.Space(2, 0, 1, 0.01), 4), Cost, 2000).Where(trial => !double.IsNaN(trial.Cost)).Best().Coordinates, Is.EqualTo([0.2, 0.3]).Within(0.01));
        Assert.That(Minimise.Run(new CmaEs(Minimise.Space(2, 0, 1, 0.01), 4), _ => double.PositiveInfinity, 50), Has.Count.EqualTo(50));
        SearchSpace right = Minimise.Space(2, 0, 1, 0.1, 0.9, 0.9);
        Assert.That(Minimise.Run(new CoordinateDescent(right), _ => double.NaN), Has.Count.LessThan(20), "nothing helps, so it ends");
    }

    [Test]
    public void Cma_es_is_not_driven_away_from_points_that_failed_for_no_reason_of_theirs()
    {
        // A third of the trials fail by chance, among them those next to the minimum.
        var chance = new Random(1);
        double Cost(SearchPoint x) => chance.NextDouble() < 1 / 3.0 ? double.PositiveInfinity : Minimise.Sphere(x);
        var trials = Minimise.Run(new CmaEs(Minimise.Space(3, 0, 1, 0.01), 4), Cost, 3000);
        Assert.That(trials, Has.Count.LessThan(3000), "it ended by itself");
        Assert.That(trials[^1].Point.Coordinates, Is.EqualTo([0.2, 0.3, 0.4]).Within(0.02), "where it ended");
        Assert.That(trials.Best().Coordinates, Is.EqualTo([0.2, 0.3, 0.4]).Within(0.01));
    }

    [TestCase(StrategyKind.Random)]
    [TestCase(StrategyKind.CmaEs)]
    [TestCase(StrategyKind.Bayesian)]
    public void The_seed_says_which_points_are_drawn(StrategyKind kind)
    {
        SearchPoint[] Points(ulong seed) =>
            [.. Minimise.Run(kind.Begin(Minimise.Space(3, 0, 1, 0.1), seed), Minimise.Sphere, 30).Select(trial => trial.Point)];
        SearchPoint[] points = Points(1);
        Assert.That(Points(1), Is.EqualTo(points));
        Assert.That(Points(2), Is.Not.EqualTo(points));
    }

    [Test]
    public void Asking_and_telling_take_turns()
    {
        var strategy = new GridSearch(Minimise.Space(1, 0, 1, 1));
        Assert.That(() => strategy.Tell(0), Throws.InvalidOperationException);
        Assert.That(() => strategy.Ask(0), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(strategy.Ask(3), Has.Count.EqualTo(2));
        strategy.Tell(0);
        Assert.That(() => strategy.Ask(1), Throws.InvalidOperationException);
        strategy.Tell(0);
        Assert.That(strategy.Ask(1), Is.Empty);
    }

    [TestCase(StrategyKind.Grid, 4)]
    [TestCase(StrategyKind.Coordinate, 1)]
    [TestCase(StrategyKind.Random, 4)]
    [TestCase(StrategyKind.CmaEs, 4)]
    [TestCase(StrategyKind.Surrogate, 4)]
    public void The_points_are_the_same_however_many_are_asked_for_at_a_time(StrategyKind kind, int inTheFirst)
    {
        ISearchStrategy Strategy() => kind.Begin(Minimise.Space(3, 0, 1, 0.1), 7);
        List<(SearchPoint, double)> oneByOne = Minimise.Run(Strategy(), Minimise.Rosenbrock, 200);
        foreach (int together in new[] { 2, 4, 7, 16 })
            Assert.That(Minimise.Run(Strategy(), Minimise.Rosenbrock, 200, together), Is.EqualTo(oneByOne), $"{together}");
        Assert.That(Strategy().Ask(4), Has.Count.EqualTo(inTheFirst), "as many as depend on no other's cost");
    }
}
