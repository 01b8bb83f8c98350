using DemEngine.Checkpoints;
using DemEngine.Numerics;
using DemEngine.Recipes;
using DemEngine.Search.Space;
using DemEngine.Search.Strategies;
using DemEngine.Search.Trials;
using DemEngine.Tests.Merging;

namespace DemEngine.Search.Tests;

/// <summary>Searches of whole models, whose best coefficients are known.</summary>
public class WeightSearchTests
{
    private static readonly SearchBudget NoLimit = new(null, null);

    private DirectionFamily _family = null!;

    [SetUp]
    public void Make() => _family = new DirectionFamily();

    [TearDown]
    public void Delete() => _family.Dispose();

    [TestCase(StrategyKind.Grid, 0.05, null)]
    [TestCase(StrategyKind.Coordinate, 0.025, null)]
    [TestCase(StrategyKind.CmaEs, 0.02, null)]
    [TestCase(StrategyKind.Random, 0.15, 300)]
    [TestCase(StrategyKind.Gradient, 0.01, null)]
    [TestCase(StrategyKind.Surrogate, 0.02, null)]
    [TestCase(StrategyKind.Bayesian, 0.04, 40)]
    public void The_best_coefficients_are_found(StrategyKind kind, double within, int? trials)
    {
        // Each set would like one coefficient high and the other 0; the mean's minimum lies at the middle of what they want.
        var judge = new DistanceJudge(("x", [0.9, 0, 0, 0]), ("y", [0.3, 0.5, 0, 0]));
        using SearchFixture search = _family.Open(_family.Recipe("math", "code"), judge, slopes: kind == StrategyKind.Gradient);
        SearchOutcome outcome = Run(search, kind, new SearchBudget(trials, null));
        double[] best = [.. outcome.Best.Coefficients.BySource.Select(values => values[0])];
        Assert.That(best, Is.EqualTo([0.6, 0.25]).Within(within));
        Assert.That(outcome.Best.Objective, Is.EqualTo(1 + Math.Pow(best[0] - 0.6, 2) + Math.Pow(best[1] - 0.25, 2) + 0.09 + 0.0625).Within(1e-6));
        Assert.That(outcome.Best.Objective, Is.EqualTo(outcome.Best.Scores.Average(score => score.Value)));
        Assert.That(outcome.End, Is.EqualTo(trials is null || outcome.Asked < trials ? SearchEnd.Complete : SearchEnd.Trials));
        Assert.That(judge.Evaluations, Is.EqualTo(outcome.Asked), "no point twice");
        Assert.That(File.ReadLines(_family.Folder.PathOf("search/trials.jsonl")).Count(), Is.EqualTo(outcome.Asked + 1));
    }

    [Test]
    public void The_worst_set_pulls_harder()
    {
        var judge = new DistanceJudge(("x", [1, 0, 0, 0]), ("y", [0, 0, 0, 0]), ("z", [0, 0, 0, 0]));
        using (SearchFixture mean = _family.Open(_family.Recipe("math"), judge))
            Assert.That(Run(mean, StrategyKind.Grid).Best.Coefficients, Is.EqualTo(Coefficients.Of(0.3)));
        int before = judge.Evaluations;
        using SearchFixture worst = _family.Open(_family.Recipe("math"), judge, kind: ObjectiveKind.Worst);
        Assert.That(Run(worst, StrategyKind.Grid).Best.Coefficients, Is.EqualTo(Coefficients.Of(0.5)));
        Assert.That(judge.Evaluations, Is.EqualTo(before), "another objective needs no other trials");
    }

    [Test]
    public void A_shared_coefficient_and_layer_groups_find_their_own_optimum()
    {
        var judge = new DistanceJudge(("x", [0.8, 0.2, 0, 0]))
        {
            TargetOf = (tensor, target) => tensor.Contains(".2.") || tensor.Contains(".3.") || tensor.Contains("norm") ? [0.4, 0.2, 0, 0] : target,
        };
        using (SearchFixture shared = _family.Open(_family.Recipe("math", "code"), judge, new CoefficientOptions { Shared = true }))
            Assert.That(Run(shared, StrategyKind.Grid).Best.Coefficients, Is.EqualTo(Coefficients.Of(0.4, 0.4)));
        int before = judge.Evaluations;
        using SearchFixture groups = _family.Open(_family.Recipe("math", "code"), judge, new CoefficientOptions { LayerGroups = 2 });
        Assert.That(groups.Runner.Trials.Count(), Is.EqualTo(before), "what was tried with a shared coefficient holds");
        Assert.That(Run(groups, StrategyKind.Coordinate).Best.Coefficients, Is.EqualTo(new Coefficients([[0.8, 0.4], [0.2]])));
    }

    [TestCase(StrategyKind.Coordinate)]
    [TestCase(StrategyKind.CmaEs)]
    [TestCase(StrategyKind.Random)]
    [TestCase(StrategyKind.Bayesian)]
    public void A_search_that_was_stopped_goes_on_as_if_it_had_not_been(StrategyKind kind)
    {
        var judge = new DistanceJudge(("x", [0.7, 0.1, 0.3, 0]));
        Recipe recipe = _family.Recipe(DirectionFamily.Names);
        var budget = new SearchBudget(40, null);
        using var whole = new DirectionFamily();
        Trial[] uninterrupted;
        using (SearchFixture search = whole.Open(whole.Recipe(DirectionFamily.Names), judge))
        {
            Run(search, kind, budget);
            uninterrupted = [.. search.Runner.Trials];
        }

        int needed = judge.Evaluations;
        using var stop = new CancellationTokenSource();
        judge.Evaluating = _ => { if (judge.Evaluations == needed + 15) stop.Cancel(); };
        using (SearchFixture search = _family.Open(recipe, judge))
            Assert.That(() => Run(search, kind, budget, stop.Token), Throws.InstanceOf<OperationCanceledException>());
        judge.Evaluating = _ => { };
        using SearchFixture resumed = _family.Open(recipe, judge);
        int known = resumed.Runner.Trials.Count();
        Assert.That(known, Is.InRange(14, 15));
        SearchOutcome outcome = Run(resumed, kind, budget);
        Assert.That(resumed.Runner.Evaluated, Is.EqualTo(needed - known));
        Assert.That(resumed.Runner.Trials.Select(trial => trial.Coefficients), Is.EqualTo(uninterrupted.Select(trial => trial.Coefficients)));
        Assert.That(outcome.Asked, Is.EqualTo(needed));
    }

    [TestCase(StrategyKind.Grid, 11)]
    [TestCase(StrategyKind.Coordinate, 1)]
    [TestCase(StrategyKind.CmaEs, 6)]
    [TestCase(StrategyKind.Random, 16)]
    public void Trials_are_the_same_however_many_are_merged_together(StrategyKind kind, int together)
    {
        var judge = new DistanceJudge(("x", [0.7, 0.1, 0, 0]), ("y", [0.2, 0.6, 0, 0])) { Fails = x => x[0] is > 0.35 and < 0.45 };
        Trial[] Trials(DirectionFamily family, bool oneAtATime)
        {
            using SearchFixture search = family.Open(family.Recipe("math", "code"), judge, kind == StrategyKind.Grid ? new CoefficientOptions { Shared = true } : null);
            ISearchStrategy strategy = kind.Begin(search.Map.Space, 1);
            WeightSearch.Run(oneAtATime ? new OneAtATime(strategy) : strategy, search.Map, search.Runner, new SearchBudget(16, null), null, default);
            return [.. search.Runner.Trials];
        }

        using var other = new DirectionFamily();
        Trial[] alone = Trials(other, oneAtATime: true);
        Trial[] all = Trials(_family, oneAtATime: false);
        static IEnumerable<string> Shown(Trial[] trials) => trials.Select(trial => $"{trial.Objective} {trial.Error} {string.Join(' ', trial.Scores)} {string.Join(' ', trial.Coefficients.BySource.SelectMany(values => values))}");
        Assert.That(Shown(all), Is.EqualTo(Shown(alone)));
        Assert.That(all.Any(trial => !trial.Succeeded) && all.Any(trial => trial.Succeeded));

        // What is merged together takes each candidate an equal share of the time.
        Assert.That(all.TakeWhile(trial => trial.MergeSeconds == all[0].MergeSeconds).Count(), Is.EqualTo(together));
        Assert.That(alone.Select(trial => trial.MergeSeconds).Distinct().Count(), Is.GreaterThan(alone.Length / 2));
    }

    [Test]
    public void What_is_not_finite_is_one_candidate_s_failure()
    {
        _family.Folder.Model("far", [.. DirectionFamily.Tensors.Select(name => Values.Tensor(name, ElementType.F32, [DirectionFamily.Axes], 3e38))]);
        var judge = new DistanceJudge(("x", [0.7, 0, 0, 0]));
        using SearchFixture search = _family.Open(_family.Recipe("far"), judge, new CoefficientOptions { Range = CoefficientRange.Of(0, 2, 1) });
        Run(search, StrategyKind.Grid);
        Assert.That(search.Runner.Trials.Select(trial => trial.Error?[..8]), Is.EqualTo(new[] { null, null, "DEM4004:" }));
        Assert.That(search.Runner.Trials.Select(trial => trial.MergeSeconds).Distinct().Count(), Is.EqualTo(1), "they were merged together");
    }

    [Test]
    public void What_is_expected_shows_in_no_result()
    {
        var judge = new DistanceJudge(("x", [0.7, 0, 0, 0]));
        using SearchFixture search = _family.Open(_family.Recipe("math", "code"), judge);
        search.Runner.Expect([Coefficients.Of(0.1, 0.2), Coefficients.Of(0.3, 0.4), Coefficients.Of(0.3, 0.4), Coefficients.Of(0.5, 0.6)]);
        double Objective(double math, double code) => search.Runner.Try(Coefficients.Of(math, code), default).Objective;
        foreach (var (math, code) in new[] { (0.3, 0.4), (0.9, 0.9), (0.5, 0.6), (0.1, 0.2), (0.3, 0.4) })
            Assert.That(Objective(math, code), Is.EqualTo(1 + Math.Pow(math - 0.7, 2) + (code * code)).Within(1e-6));
    }

    [Test]
    public void A_source_that_is_added_keeps_the_trials_before_it()
    {
        var judge = new DistanceJudge(("x", [0.7, 0.2, 0.4, 0]));
        using (SearchFixture two = _family.Open(_family.Recipe("math", "code"), judge))
            Run(two, StrategyKind.Grid);
        using SearchFixture three = _family.Open(_family.Recipe("chat", "math", "code"), judge);
        Assert.That(three.Runner.Trials.Count(), Is.EqualTo(121));
        Assert.That(WeightSearch.BestOf(three.Map, three.Runner).Coefficients, Is.EqualTo(Coefficients.Of(0, 0.7, 0.2)));
        Run(three, StrategyKind.Grid, new SearchBudget(122, null));
        Assert.That(three.Runner.Evaluated, Is.EqualTo(1), "the plane of zeros was known");
    }

    [Test]
    public void A_failing_trial_is_noted_and_the_search_goes_on()
    {
        var judge = new DistanceJudge(("x", [0.7, 0, 0, 0])) { Fails = x => x[0] is > 0.65 and < 0.75 };
        using (SearchFixture search = _family.Open(_family.Recipe("math"), judge))
        {
            SearchOutcome outcome = Run(search, StrategyKind.Grid);
            Assert.That(outcome.Best.Coefficients.BySource[0][0], Is.EqualTo(0.6).Or.EqualTo(0.8));
            Trial failed = search.Runner.Trials.Single(trial => !trial.Succeeded);
            Assert.That(failed.Error, Is.EqualTo("DEM4101: it was made to fail"));
        }

        judge.Fails = _ => false;
        using (SearchFixture again = _family.Open(_family.Recipe("math"), judge))
        {
            Run(again, StrategyKind.Grid);
            Assert.That(again.Runner.Evaluated, Is.Zero, "a failed trial is not made again by itself");
        }

        using SearchFixture retry = _family.Open(_family.Recipe("math"), judge, retryFailed: true);
        Assert.That(Run(retry, StrategyKind.Grid).Best.Coefficients, Is.EqualTo(Coefficients.Of(0.7)));
        Assert.That(retry.Runner.Evaluated, Is.EqualTo(1));
    }

    [Test]
    public void Where_nothing_succeeds_the_search_gives_up()
    {
        var judge = new DistanceJudge(("x", [0.7, 0, 0, 0])) { Fails = _ => true };
        using SearchFixture search = _family.Open(_family.Recipe("math"), judge);
        Assert.That(() => Run(search, StrategyKind.Random), Throws.InstanceOf<DemException>()
            .With.Property("Code").EqualTo(ErrorCode.NoTrialSucceeded).And.Message.Contains("made to fail"));
        Assert.That(judge.Evaluations, Is.EqualTo(WeightSearch.FailuresAtOnce));
    }

    [Test]
    public void What_is_wrong_with_all_is_no_trial()
    {
        var judge = new DistanceJudge(("x", [0.7, 0, 0, 0])) { Evaluating = _ => throw new DemException(ErrorCode.WrongTensors, "all wrong") };
        using SearchFixture search = _family.Open(_family.Recipe("math"), judge);
        Assert.That(() => Run(search, StrategyKind.Random), Throws.InstanceOf<DemException>().With.Property("Code").EqualTo(ErrorCode.WrongTensors));
        Assert.That(search.Runner.Trials, Is.Empty);
    }

    [Test]
    public void A_metric_that_is_not_finite_is_a_failure()
    {
        var judge = new DistanceJudge(("x", [double.PositiveInfinity, 0, 0, 0]));
        using SearchFixture search = _family.Open(_family.Recipe("math"), judge);
        Trial trial = search.Runner.Try(Coefficients.Of(0.5), default);
        Assert.That(trial.Error, Does.Contain("loss on x is"));
        Assert.That(search.Runner.Try(Coefficients.Of(0.5), default).Succeeded, Is.False);
        Assert.That(judge.Evaluations, Is.EqualTo(1));
    }

    [Test]
    public void A_budget_of_time_ends_a_search_without_an_end()
    {
        var judge = new DistanceJudge(("x", [0.7, 0, 0, 0]));
        using SearchFixture search = _family.Open(_family.Recipe("math"), judge);
        SearchOutcome outcome = Run(search, StrategyKind.Random, new SearchBudget(null, TimeSpan.FromSeconds(0.2)));
        Assert.That(outcome.End, Is.EqualTo(SearchEnd.Time));
        Assert.That(outcome.Asked, Is.GreaterThan(0));
    }

    [Test]
    public void A_program_outside_gets_a_folder_that_goes_again()
    {
        string? folder = null;
        var judge = new DistanceJudge(("x", [0.7, 0, 0, 0]))
        {
            Evaluating = model =>
            {
                folder = model.Folder;
                Assert.That(File.Exists(Path.Combine(folder, "model.safetensors")), Is.True);
                using var written = Checkpoint.Open(folder);
                Assert.That(written.Find(DirectionFamily.Tensors[1])!.Read(0, 1, default).Bytes.Span.ToArray(), Is.EqualTo(BitConverter.GetBytes(0.5f)));
            },
        };
        using SearchFixture search = _family.Open(_family.Recipe("math"), judge);
        Assert.That(search.Runner.Try(Coefficients.Of(0.5), default).Succeeded, Is.True);
        Assert.That(Directory.Exists(folder), Is.False);
    }

    [Test]
    public void Progress_tells_of_each_trial_and_the_best_so_far()
    {
        var judge = new DistanceJudge(("x", [0.7, 0, 0, 0]));
        using SearchFixture search = _family.Open(_family.Recipe("math"), judge);
        var told = new List<SearchProgress>();
        WeightSearch.Run(new GridSearch(search.Map.Space), search.Map, search.Runner, NoLimit, told.Add, default);
        Assert.That(told.Select(progress => (progress.Done, progress.Total)), Is.EqualTo(Enumerable.Range(1, 11).Select(k => (k, (long?)11))));
        Assert.That(told.Select(progress => progress.Best!.Objective), Is.Ordered.Descending);
        Assert.That(told[^1].Best!.Coefficients, Is.EqualTo(Coefficients.Of(0.7)));
    }

    [Test]
    public void A_search_by_slopes_finds_hundreds_of_coefficients_in_few_trials_and_resumes()
    {
        var judge = new DistanceJudge(("x", [0.8, 0.2, 0, 0]), ("y", [0.6, 0.4, 0.1, 0]))
        {
            TargetOf = (tensor, target) => tensor.Contains(".3.") || tensor.Contains("norm") ? [0.3, 0.9, 0.5, 0] : target,
        };
        var options = new CoefficientOptions { LayerGroups = 4 };
        using (SearchFixture search = _family.Open(_family.Recipe(DirectionFamily.Names), judge, options, slopes: true))
        {
            SearchOutcome outcome = Run(search, StrategyKind.Gradient);
            Assert.That(outcome.Asked, Is.LessThan(12));
            Assert.That(outcome.Best.Coefficients.BySource.SelectMany(values => values), Is.EqualTo(new[] { 0.7, 0.7, 0.7, 0.3, 0.3, 0.3, 0.3, 0.9, 0.05, 0.05, 0.05, 0.5 }).Within(0.02));
        }

        int before = judge.Evaluations;
        using (SearchFixture again = _family.Open(_family.Recipe(DirectionFamily.Names), judge, options, slopes: true))
            Run(again, StrategyKind.Gradient);
        Assert.That(judge.Evaluations, Is.EqualTo(before), "the slopes are in the log");
        using SearchFixture shared = _family.Open(_family.Recipe(DirectionFamily.Names), judge, new CoefficientOptions { Shared = true }, slopes: true);
        Coefficients best = Run(shared, StrategyKind.Gradient).Best.Coefficients;
        Assert.That(judge.Evaluations, Is.GreaterThan(before), "slopes of other groups are none of these");
        Assert.That(best.BySource[0], Is.EqualTo(best.BySource[2]));
        Assert.That(best.BySource[0][0], Is.EqualTo((((0.7 + 0.3 + 0.05) * 4) + ((0.3 + 0.9 + 0.5) * 2)) / 18).Within(0.01));
    }

    [Test]
    public void Regret_does_not_let_the_set_of_the_largest_loss_rule()
    {
        // Set y has losses a hundred times as large: the mean serves it alone.
        var judge = new DistanceJudge(("x", [1, 0, 0, 0]), ("y", [-9, 10, 0, 0]));
        Coefficients Best(ObjectiveKind kind)
        {
            using SearchFixture search = _family.Open(_family.Recipe("math", "code"), judge, kind: kind);
            search.Runner.MeasureRegrets(_ => { }, default);
            return Run(search, StrategyKind.Grid).Best.Coefficients;
        }

        Assert.That(Best(ObjectiveKind.Mean), Is.EqualTo(Coefficients.Of(0, 1)));
        Assert.That(Best(ObjectiveKind.Regret).BySource[0][0], Is.GreaterThan(0.4));
        Assert.That(Best(ObjectiveKind.WorstRegret).BySource[0][0], Is.GreaterThan(0.2));
    }

    private sealed class OneAtATime(ISearchStrategy strategy) : ISearchStrategy
    {
        public string Name => strategy.Name;

        public IReadOnlyList<SearchPoint> Ask(int most) => strategy.Ask(1);

        public void Tell(double cost) => strategy.Tell(cost);
    }

    private static SearchOutcome Run(SearchFixture search, StrategyKind kind, SearchBudget? budget = null, CancellationToken cancel = default) =>
        WeightSearch.Run(kind.Begin(search.Map.Space, 1), search.Map, search.Runner, budget ?? NoLimit, null, cancel);
}
