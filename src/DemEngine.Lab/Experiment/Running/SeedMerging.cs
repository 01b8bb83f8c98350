using System.Collections.Immutable;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Embedded;
using DemEngine.Files;
using DemEngine.Lab.Experiment.Results;

namespace DemEngine.Lab.Experiment.Running;

/// <summary>
/// One seed's run after its models are trained: merges, chooses on validation data, and judges on test data what was chosen.
/// </summary>
internal sealed class SeedMerging
{
    private const int Searches = 4;
    private const int Few = ExperimentTables.Few;

    private readonly ExperimentFolder _folder;
    private readonly ExperimentPreset _preset;
    private readonly SeedTraining _training;
    private readonly TrainingStages _models;
    private readonly ExperimentTables _tables;
    private readonly ExperimentMeter _meter;
    private readonly IModelEvaluator _judge;
    private readonly IMergeBackend _backend;
    private readonly int _threads;
    private readonly long _seed;
    private readonly CancellationToken _cancel;

    public SeedMerging(
        ExperimentFolder folder,
        ExperimentPreset preset,
        SeedTraining training,
        TrainingStages models,
        ExperimentTables tables,
        ExperimentMeter meter,
        IModelEvaluator judge,
        IMergeBackend backend,
        int threads,
        long seed,
        CancellationToken cancel)
    {
        (_folder, _preset, _training, _models, _tables, _meter) = (folder, preset, training, models, tables, meter);
        (_judge, _backend, _threads, _seed, _cancel) = (judge, backend, threads, seed, cancel);
    }

    /// <summary>Number of stages that the meter counts.</summary>
    public static int Count => Searches;

    private TrainedModel Base => _models[_seed, SeedTraining.Base];

    /// <summary>Evaluates a model's validation loss on each source.</summary>
    public ImmutableArray<double> Losses(string model, IEnumerable<SourcePlan> plans)
    {
        using var evaluator = new EmbeddedEvaluator(plans.Select(_training.Validation), _threads);
        return [.. Evaluate(_models[_seed, model], evaluator).Scores.Select(score => score.Value)];
    }

    /// <summary>Finds the kind of mixture whose model has the minimum mean validation loss.</summary>
    public string BestMixture() =>
        Proportions.Kinds.MinBy(kind => Losses(SeedTraining.Mixture(kind), _preset.Sources).Average())!;

    /// <summary>Runs all merges and evaluations of the seed and fills the tables.</summary>
    /// <param name="mixture">Kind of the best mixture.</param>
    /// <param name="withCurves">True to evaluate losses along the coefficients as well.</param>
    /// <returns>Curves of the losses; empty if they were not requested.</returns>
    public ImmutableArray<CoefficientCurve> Run(string mixture, bool withCurves)
    {
        ModelScores start = Judge(SeedTraining.Base);
        _tables.Main.Add("base", "Trained on a little of every source.", MethodKind.Base, _seed, start, default);
        foreach (SourcePlan plan in _preset.Sources)
            _tables.Main.Add(
                $"tuned on {plan.Name}",
                $"The base tuned on {plan.Name} alone.",
                MethodKind.FineTune,
                _seed,
                Judge(plan.Name),
                _models[_seed, plan.Name].Cost);

        (ImmutableArray<CoefficientCurve> curves, double[] chosen, ModelScores merged) = MergeAll(withCurves);
        ModelScores mixed = Mix(mixture);
        MergeFew(start);
        Add(chosen, merged, mixture, mixed);
        return curves;
    }

    /// <summary>Merges all vectors: averaged, with one coefficient for all, and with one coefficient per vector.</summary>
    private (ImmutableArray<CoefficientCurve> Curves, double[] Chosen, ModelScores Scores) MergeAll(bool withCurves)
    {
        ImmutableArray<SourcePlan> plans = _preset.Sources;
        MethodCost tuning = TuningOf(plans);
        using VectorFamily family = Open("main", plans);
        _tables.Main.Add(
            "uniform average",
            $"The mean of the tuned models: every coefficient is 1/{plans.Length}.",
            MethodKind.FixedMerge,
            _seed,
            family.Judge(Enumerable.Repeat(1.0 / plans.Length, plans.Length), _judge, _cancel),
            tuning);

        string stage = $"seed {_seed}: one coefficient for all";
        ChosenCoefficients shared = family.Grid(_preset.Range, shared: true, Tell(stage), _cancel);
        _meter.Complete(stage);
        _tables.Main.Add(
            "DEM, one coefficient",
            $"One coefficient for all vectors, by a grid {_preset.Range}.",
            MethodKind.Dem,
            _seed,
            family.Judge(shared.Values, _judge, _cancel),
            tuning + shared.Cost,
            $"ω = {shared.Values[0]:0.###}");

        stage = $"seed {_seed}: a coefficient for each";
        ChosenCoefficients each = family.Descend(_preset.Range, shared.Values, Tell(stage), _cancel);
        ModelScores scores = family.Judge(each.Values, _judge, _cancel);
        ReportFile.Write(_folder.Recipe(_seed), family.RecipeWith(each, Path.GetDirectoryName(_folder.Recipe(_seed))!));
        _tables.Main.Add(
            "DEM, one each",
            "A coefficient for each vector, by coordinate descent from the best single one.",
            MethodKind.Dem,
            _seed,
            scores,
            tuning + shared.Cost + each.Cost,
            Describe(plans, each.Values));
        ImmutableArray<CoefficientCurve> curves = withCurves
            ?
            [
                family.Along("one coefficient for all", _preset.Range, shared.Values[0], _cancel),
                .. plans.Select((plan, k) =>
                    family.Along($"{plan.Name}, the others as chosen", _preset.Range, each.Values, k, _cancel)),
            ]
            : [];
        _meter.Complete(stage);
        return (curves, each.Values, scores);
    }

    /// <summary>
    /// Evaluates data mixing: one model on all sources, with the proportions that were best on validation data.
    /// </summary>
    private ModelScores Mix(string best)
    {
        string equal = SeedTraining.Mixture(Proportions.Kinds[0]);
        _tables.Main.Add(
            "data mixing, equal shares",
            "One model on a mixture with as much of each source.",
            MethodKind.Mixing,
            _seed,
            Judge(equal),
            _models[_seed, equal].Cost);
        ModelScores scores = Judge(SeedTraining.Mixture(best));
        _tables.Main.Add(
            "data mixing, searched",
            $"The best by validation loss of the mixtures {string.Join(", ", Proportions.Kinds)}.",
            MethodKind.Mixing,
            _seed,
            scores,
            Sum(Proportions.Kinds.Select(kind => _models[_seed, SeedTraining.Mixture(kind)].Cost)),
            best);
        return scores;
    }

    /// <summary>
    /// Repeats the paper's first experiments: one vector, two with equal and with searched coefficients, and three with searched
    /// ones.
    /// </summary>
    private void MergeFew(ModelScores start)
    {
        ImmutableArray<SourcePlan> plans = _preset.Sources[..Few];
        _tables.FewVectors.Add("base", "Trained on a little of every source.", MethodKind.Base, _seed, start, default);
        foreach (SourcePlan plan in plans)
        {
            using VectorFamily one = Open($"one-{plan.Name}", [plan]);
            _tables.FewVectors.Add(
                $"{plan.Name} at 0.5",
                "One vector with the coefficient 0.5.",
                MethodKind.FixedMerge,
                _seed,
                one.Judge([0.5], _judge, _cancel),
                TuningOf([plan]));
        }

        string stage = $"seed {_seed}: two and three vectors";
        ImmutableArray<SourcePlan> pair = plans[..2];
        using (VectorFamily two = Open("two", pair))
        {
            string names = string.Join(" and ", pair.Select(plan => plan.Name));
            _tables.FewVectors.Add(
                $"{names}, equal",
                "Two vectors with the coefficient 0.5.",
                MethodKind.FixedMerge,
                _seed,
                two.Judge([0.5, 0.5], _judge, _cancel),
                TuningOf(pair));
            ChosenCoefficients weighted = two.Grid(_preset.Range, shared: false, Tell(stage), _cancel);
            _tables.FewVectors.Add(
                $"{names}, weighted",
                $"Two vectors, every combination of {_preset.Range}.",
                MethodKind.Dem,
                _seed,
                two.Judge(weighted.Values, _judge, _cancel),
                TuningOf(pair) + weighted.Cost,
                Describe(pair, weighted.Values));
        }

        using VectorFamily three = Open("three", plans);
        ChosenCoefficients grid = three.Grid(_preset.CoarseRange, shared: false, Tell(stage), _cancel);
        _tables.FewVectors.Add(
            "three, by grid",
            $"Three vectors, every combination of {_preset.CoarseRange}.",
            MethodKind.Dem,
            _seed,
            three.Judge(grid.Values, _judge, _cancel),
            TuningOf(plans) + grid.Cost,
            Describe(plans, grid.Values));
        _meter.Complete(stage);
    }

    /// <summary>Adds a source: evaluates what that costs with each method, and its effect on all sources.</summary>
    private void Add(double[] chosen, ModelScores merged, string mixture, ModelScores mixed)
    {
        ImmutableArray<SourcePlan> plans = [.. _preset.Tuned];
        MethodCost tuning = TuningOf([_preset.Added]);
        string stage = $"seed {_seed}: adding {_preset.Added.Name} to the merge";
        _tables.Added.Add(
            "DEM before",
            "A coefficient for each vector, without the added source.",
            MethodKind.Base,
            _seed,
            merged,
            default);
        using VectorFamily family = Open("added", plans);
        ChosenCoefficients last = family.AddLast(_preset.Range, chosen, Tell(stage), _cancel);
        _tables.Added.Add(
            "DEM, vector added",
            "One model tuned, one coefficient searched; all else is kept.",
            MethodKind.Dem,
            _seed,
            family.Judge(last.Values, _judge, _cancel),
            tuning + last.Cost,
            $"{_preset.Added.Name} {last.Values[^1]:0.###}");
        ChosenCoefficients again = family.Descend(_preset.Range, last.Values, Tell(stage), _cancel);
        _tables.Added.Add(
            "DEM, all searched again",
            "One model tuned, all coefficients searched again.",
            MethodKind.Dem,
            _seed,
            family.Judge(again.Values, _judge, _cancel),
            tuning + last.Cost + again.Cost,
            Describe(plans, again.Values));
        _meter.Complete(stage);

        string larger = SeedTraining.LargerMixture(mixture);
        _tables.Added.Add(
            "mixing before",
            "The best mixture without the added source.",
            MethodKind.Mixing,
            _seed,
            mixed,
            default);
        _tables.Added.Add(
            "mixing, trained again",
            "One model on all sources, with proportions of the kind that was best before.",
            MethodKind.Mixing,
            _seed,
            Judge(larger),
            _models[_seed, larger].Cost,
            mixture);
    }

    private Action<double, string> Tell(string stage) => (share, detail) => _meter.Report(stage, share, detail);

    private VectorFamily Open(string name, ImmutableArray<SourcePlan> plans) => new(
        Base,
        plans.Select(plan => _models[_seed, plan.Name]),
        [.. plans.Select(_training.Validation)],
        _folder.PathOf(_seed, "searches", name),
        _backend,
        _threads);

    private ModelScores Judge(string model) => Evaluate(_models[_seed, model], _judge);

    private ModelScores Evaluate(TrainedModel model, IModelEvaluator evaluator)
    {
        using var checkpoint = Checkpoint.Open(model.Path);
        return evaluator.Evaluate(new CheckpointWeights(checkpoint), _cancel);
    }

    private MethodCost TuningOf(IEnumerable<SourcePlan> plans) => Sum(plans.Select(plan => _models[_seed, plan.Name].Cost));

    private static MethodCost Sum(IEnumerable<MethodCost> costs) =>
        costs.Aggregate(default(MethodCost), (sum, cost) => sum + cost);

    private static string Describe(IEnumerable<SourcePlan> plans, IEnumerable<double> coefficients) =>
        string.Join(", ", plans.Zip(coefficients, (plan, value) => $"{plan.Name} {value:0.###}"));
}
