using System.Collections.Immutable;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Evaluation;
using DemEngine.Experiment.Results;
using DemEngine.Language;

namespace DemEngine.Experiment.Running;

/// <summary>One seed's run: trains, merges, chooses on validation data, and judges on test data what was chosen.</summary>
internal sealed class SeedRun
{
    /// <summary>Stages that <see cref="StageProgress"/> counts: trainings, searches and judging.</summary>
    public static int Stages(ExperimentPreset preset) => 1 + preset.Tuned.Count() + Proportions.Kinds.Length + 1 + 5;

    private readonly ExperimentFolder _folder;
    private readonly ExperimentPreset _preset;
    private readonly TrainingStages _training;
    private readonly IModelEvaluator _judge;
    private readonly ExperimentTables _tables;
    private readonly StageProgress _progress;
    private readonly IMergeBackend _backend;
    private readonly int _threads;
    private readonly long _seed;
    private readonly CancellationToken _cancel;
    private readonly Dictionary<string, MeasuredSet> _validation;

    public SeedRun(
        ExperimentFolder folder, ExperimentPreset preset, IFineTuner tuner, IModelEvaluator judge, ExperimentTables tables, StageProgress progress,
        IMergeBackend backend, int threads, long seed, CancellationToken cancel)
    {
        (_folder, _preset, _judge, _tables, _progress, _backend, _threads, _seed, _cancel) =
            (folder, preset, judge, tables, progress, backend, threads, seed, cancel);
        _training = new TrainingStages(folder, tuner, progress);
        _validation = preset.Tuned.ToDictionary(
            plan => plan.Name,
            plan => new MeasuredSet(
                DataSetReader.Read(plan.Name, folder.Validation(plan, seed).Path, ByteTokenizer.Instance, preset.Model), [Metric.Loss]));
    }

    /// <summary>Does all of it.</summary>
    /// <param name="withCurves">Whether to measure losses along the coefficients too.</param>
    public SeedModels Run(bool withCurves)
    {
        TrainedModel start = Train("base", null, _folder.BaseData(_seed), _preset.Tuned, _preset.Base);
        Dictionary<string, TrainedModel> tuned = _preset.Tuned.ToDictionary(
            plan => plan.Name, plan => Train(plan.Name, start, _folder.Train(plan, _seed), [plan], _preset.FineTune));
        ImmutableArray<TrainedModel> five = [.. _preset.Sources.Select(plan => tuned[plan.Name])];

        ModelScores startScores = Judge(start);
        _tables.Main.Add("base", "Trained on a little of every source.", MethodKind.Base, _seed, startScores, default);
        foreach (SourcePlan plan in _preset.Sources)
            _tables.Main.Add($"tuned on {plan.Name}", $"The base tuned on {plan.Name} alone.", MethodKind.FineTune, _seed, Judge(tuned[plan.Name]), tuned[plan.Name].Cost);

        (ImmutableArray<CoefficientCurve> curves, double[] chosen, ModelScores before) = MergeAll(start, five, withCurves);
        (string kind, ModelScores mixed) = Mix(start, five);
        MergeFew(start, startScores, five[..Few]);
        Add(start, five, tuned[_preset.Added.Name], chosen, before, kind, mixed);
        return new SeedModels(start, [.. _preset.Tuned.Select(plan => tuned[plan.Name])], curves);
    }

    private const int Few = 3;

    /// <summary>All vectors: averaged, with one coefficient for all, and with one for each.</summary>
    private (ImmutableArray<CoefficientCurve> Curves, double[] Chosen, ModelScores Scores) MergeAll(
        TrainedModel start, ImmutableArray<TrainedModel> models, bool withCurves)
    {
        MethodCost tuning = Sum(models.Select(model => model.Cost));
        using VectorFamily family = Open("main", start, models, _preset.Sources);
        double share = 1.0 / models.Length;
        _tables.Main.Add(
            "uniform average", $"The mean of the tuned models: every coefficient is 1/{models.Length}.", MethodKind.FixedMerge, _seed,
            family.Judge(Enumerable.Repeat(share, models.Length), _judge, _cancel), tuning);

        _progress.Begin($"seed {_seed}: one coefficient for all");
        ChosenCoefficients shared = family.Grid(_preset.Range, shared: true, _cancel);
        _tables.Main.Add(
            "DEM, one coefficient", $"One coefficient for all vectors, by a grid {_preset.Range}.", MethodKind.Dem, _seed,
            family.Judge(shared.Values, _judge, _cancel), tuning + shared.Cost, $"ω = {shared.Values[0]:0.###}");

        _progress.Begin($"seed {_seed}: a coefficient for each");
        ChosenCoefficients each = family.Descend(_preset.Range, shared.Values, _cancel);
        ModelScores scores = family.Judge(each.Values, _judge, _cancel);
        _tables.Main.Add(
            "DEM, one each", "A coefficient for each vector, by coordinate descent from the best single one.", MethodKind.Dem, _seed,
            scores, tuning + shared.Cost + each.Cost, Describe(_preset.Sources, each.Values));

        if (!withCurves)
            return ([], each.Values, scores);
        var curves = ImmutableArray.CreateBuilder<CoefficientCurve>();
        curves.Add(family.Along("one coefficient for all", _preset.Range, shared.Values[0], _cancel));
        for (int k = 0; k < _preset.Sources.Length; k++)
            curves.Add(family.Along($"{_preset.Sources[k].Name}, the others as chosen", _preset.Range, each.Values, k, _cancel));
        return (curves.DrainToImmutable(), each.Values, scores);
    }

    /// <summary>The paper's first experiments: one vector, two with equal and with searched coefficients, three with searched ones.</summary>
    private void MergeFew(TrainedModel start, ModelScores startScores, ImmutableArray<TrainedModel> models)
    {
        ImmutableArray<SourcePlan> plans = _preset.Sources[..Few];
        _tables.FewVectors.Add("base", "Trained on a little of every source.", MethodKind.Base, _seed, startScores, default);
        for (int k = 0; k < Few; k++)
        {
            using VectorFamily one = Open($"one-{plans[k].Name}", start, [models[k]], [plans[k]]);
            _tables.FewVectors.Add(
                $"{plans[k].Name} at 0.5", "One vector with the coefficient 0.5.", MethodKind.FixedMerge, _seed,
                one.Judge([0.5], _judge, _cancel), models[k].Cost);
        }

        _progress.Begin($"seed {_seed}: two and three vectors");
        using (VectorFamily two = Open("two", start, models[..2], plans[..2]))
        {
            MethodCost tuning = Sum(models.Take(2).Select(model => model.Cost));
            string names = $"{plans[0].Name} and {plans[1].Name}";
            _tables.FewVectors.Add($"{names}, equal", "Two vectors with the coefficient 0.5.", MethodKind.FixedMerge, _seed, two.Judge([0.5, 0.5], _judge, _cancel), tuning);
            ChosenCoefficients weighted = two.Grid(_preset.Range, shared: false, _cancel);
            _tables.FewVectors.Add(
                $"{names}, weighted", $"Two vectors, every combination of {_preset.Range}.", MethodKind.Dem, _seed,
                two.Judge(weighted.Values, _judge, _cancel), tuning + weighted.Cost, Describe(plans[..2], weighted.Values));
        }

        using VectorFamily three = Open("three", start, models, plans);
        ChosenCoefficients grid = three.Grid(_preset.CoarseRange, shared: false, _cancel);
        _tables.FewVectors.Add(
            "three, by grid", $"Three vectors, every combination of {_preset.CoarseRange}.", MethodKind.Dem, _seed,
            three.Judge(grid.Values, _judge, _cancel), Sum(models.Select(model => model.Cost)) + grid.Cost, Describe(plans, grid.Values));
    }

    /// <summary>Data mixing: one model on all sources, with proportions of which the best are chosen on validation data.</summary>
    private (string Kind, ModelScores Scores) Mix(TrainedModel start, ImmutableArray<TrainedModel> models)
    {
        // As many tokens as tuning on each source by itself, so that neither sees more than the other.
        TuningSettings settings = _preset.FineTune with { Steps = _preset.FineTune.Steps * models.Length };
        double[] losses = [.. _preset.Sources.Select(plan => LossOf(start, plan))];
        var mixed = Proportions.Kinds.Select(kind => (
            Kind: kind,
            Model: Train($"mixing-{kind}", start, Mixture(kind, _preset.Sources, losses, settings), _preset.Sources, settings))).ToArray();
        (string best, TrainedModel chosen) = mixed.MinBy(one => _preset.Sources.Average(plan => LossOf(one.Model, plan)));
        _tables.Main.Add(
            "data mixing, equal shares", "One model on a mixture with as much of each source.", MethodKind.Mixing, _seed, Judge(mixed[0].Model), mixed[0].Model.Cost);
        ModelScores scores = Judge(chosen);
        _tables.Main.Add(
            "data mixing, searched", $"The best of {mixed.Length} mixtures by validation loss: {string.Join(", ", Proportions.Kinds)}.", MethodKind.Mixing, _seed,
            scores, Sum(mixed.Select(one => one.Model.Cost)), best);
        return (best, scores);
    }

    /// <summary>A sixth source comes: what it costs, and what it does to all.</summary>
    private void Add(
        TrainedModel start, ImmutableArray<TrainedModel> five, TrainedModel sixth, double[] chosen, ModelScores before, string kind, ModelScores mixedBefore)
    {
        ImmutableArray<SourcePlan> plans = [.. _preset.Tuned];
        _tables.Added.Add("DEM of five", "Before: a coefficient for each of five vectors.", MethodKind.Base, _seed, before, default);
        using (VectorFamily family = Open("added", start, [.. five, sixth], plans))
        {
            _progress.Begin($"seed {_seed}: adding {_preset.Added.Name} to the merge");
            ChosenCoefficients last = family.AddLast(_preset.Range, chosen, _cancel);
            _tables.Added.Add(
                "DEM, vector added", "One model tuned, one coefficient searched; all else is kept.", MethodKind.Dem, _seed,
                family.Judge(last.Values, _judge, _cancel), sixth.Cost + last.Cost, $"{_preset.Added.Name} {last.Values[^1]:0.###}");
            ChosenCoefficients again = family.Descend(_preset.Range, last.Values, _cancel);
            _tables.Added.Add(
                "DEM, all searched again", "One model tuned, all six coefficients searched again.", MethodKind.Dem, _seed,
                family.Judge(again.Values, _judge, _cancel), sixth.Cost + last.Cost + again.Cost, Describe(plans, again.Values));
        }

        TuningSettings settings = _preset.FineTune with { Steps = _preset.FineTune.Steps * plans.Length };
        double[] losses = [.. plans.Select(plan => LossOf(start, plan))];
        TrainedModel mixed = Train($"mixing-six-{kind}", start, Mixture(kind, plans, losses, settings), plans, settings);
        _tables.Added.Add("mixing of five", "Before: the best mixture of five sources.", MethodKind.Mixing, _seed, mixedBefore, default);
        _tables.Added.Add(
            "mixing of six", "Trained again on all six, with proportions of the kind that was best for five.", MethodKind.Mixing, _seed, Judge(mixed), mixed.Cost, kind);
    }

    private string Mixture(string kind, IReadOnlyList<SourcePlan> plans, double[] losses, TuningSettings settings) => _folder.Mixture(
        $"mixing-{(plans.Count > _preset.Sources.Length ? "six-" : "")}{kind}", plans, Proportions.Of(kind, plans, losses), settings.Steps * settings.BatchSize, _seed);

    private TrainedModel Train(string name, TrainedModel? start, string data, IEnumerable<SourcePlan> judgedOn, TuningSettings settings)
    {
        SourcePlan[] plans = [.. judgedOn];
        string validation = plans.Length == 1 ? _folder.Validation(plans[0], _seed).Path : _folder.Validation($"all-{plans.Length}", plans, _seed);
        return _training.Train(_seed, name, start, data, validation, plans.Sum(plan => Positions(_validation[plan.Name].Data)), settings, _cancel);
    }

    private VectorFamily Open(string name, TrainedModel start, IEnumerable<TrainedModel> models, IEnumerable<SourcePlan> plans) => new(
        start, models, [.. plans.Select(plan => _validation[plan.Name])], _folder.PathOf(_seed, "searches", name), _backend, _threads);

    private ModelScores Judge(TrainedModel model) => Evaluate(model, _judge);

    private double LossOf(TrainedModel model, SourcePlan plan)
    {
        using var evaluator = new EmbeddedEvaluator([_validation[plan.Name]], _threads);
        return Evaluate(model, evaluator)[plan.Name, Metric.Loss];
    }

    private ModelScores Evaluate(TrainedModel model, IModelEvaluator evaluator)
    {
        using var checkpoint = Checkpoint.Open(model.Path);
        return evaluator.Evaluate(new CheckpointWeights(checkpoint), _cancel);
    }

    private static long Positions(DataSet data) => data.Examples.Sum(example => example.Tokens.Length - 1L);

    private static MethodCost Sum(IEnumerable<MethodCost> costs) => costs.Aggregate(default(MethodCost), (sum, cost) => sum + cost);

    private static string Describe(IEnumerable<SourcePlan> plans, IEnumerable<double> coefficients) =>
        string.Join(", ", plans.Zip(coefficients, (plan, value) => $"{plan.Name} {value:0.###}"));
}

/// <summary>A seed's models, and what was measured of their coefficients.</summary>
/// <param name="Base">The base.</param>
/// <param name="Tuned">Those tuned from it, in the order of the sources.</param>
/// <param name="Curves">Losses along the coefficients, if they were measured.</param>
internal sealed record SeedModels(TrainedModel Base, ImmutableArray<TrainedModel> Tuned, ImmutableArray<CoefficientCurve> Curves);
