using System.Collections.Immutable;
using DemEngine.Evaluation;
using DemEngine.Lab.Experiment.Results;
using DemEngine.Lab.Experiment.Sources;

namespace DemEngine.Lab.Experiment.Running;

/// <summary>
/// The family as it is built, in one seed's run: merges with fixed and with searched coefficients beside mixtures of fewer
/// tokens, of other shares, and drawn back to the base.
/// </summary>
/// <param name="run">Models and tools of the seed's run.</param>
/// <param name="main">Table of the methods.</param>
/// <param name="lacking">Table of the skill that the base lacks; null to leave that out.</param>
internal sealed class MethodComparison(SeedRun run, Findings main, Findings? lacking)
{
    private readonly ExperimentPreset _preset = run.Preset;

    /// <summary>Name of a mixture of another kind of shares.</summary>
    public static string Kind(int kind) => kind == 0 ? FamilyTraining.Mixing(FamilyEvent.Build) : $"mixing-shares-{kind}";

    /// <summary>Name of a mixture of fewer tokens.</summary>
    public static string Part(double part) => FormattableString.Invariant($"mixing-build-{100 * part:0}");

    /// <summary>Makes the main table.</summary>
    public static Findings MainTable(ExperimentPreset preset) => new(
        $"The family of {preset.Sources.Length} sources as it is built",
        $"The mean is over the {preset.Sources.Length} sources. Beside it, what the base could do and nobody tuned for: "
        + $"{string.Join(", ", preset.Kept.Select(source => source.Name))}. The cost of a merge includes all models that it is "
        + "made of; that of a mixture whose shares were chosen, all mixtures that were trained.",
        [.. preset.Sources.Concat(preset.Kept).Select(source => source.Name)],
        preset.Sources.Length);

    /// <summary>Makes the table of the skill that the base lacks.</summary>
    public static Findings? LackingTable(ExperimentPreset preset) => preset.Lacking is null ? null : new(
        $"A skill that the base lacks: {preset.Lacking.Name}",
        "What DEM cannot do: a vector settles what the base can do already, and does not install a skill beside others. "
        + "Use mixing.",
        [preset.Lacking.Name, .. preset.Sources.Select(source => source.Name)],
        preset.Sources.Length + 1);

    /// <summary>Fills the tables.</summary>
    /// <param name="kinds">Number of kinds of shares that were trained.</param>
    /// <param name="withCurves">Whether losses along the coefficients are evaluated as well.</param>
    public ImmutableArray<CoefficientCurve> Run(int kinds, bool withCurves)
    {
        ImmutableArray<TextSource> sources = _preset.Sources;
        ModelScores start = run.Judge(FamilyTraining.Base);
        Add("base", "Trained on both customs of every skill, half and half.", MethodKind.Base, start, default);
        ModelScores[] tuned = [.. sources.Select(source => run.Judge(source.Name))];
        MethodCost tuning = SeedRun.Sum(sources.Select(source => run.Model(source.Name).Cost));
        string[] names = [.. sources.Select(source => source.Name)];
        double Own(string column, Metric metric) => Array.IndexOf(names, column) is var k and >= 0
            ? tuned[k][column, metric]
            : tuned.Average(scores => scores[column, metric]);
        main.Add(
            "each source's own model",
            "On each source the model tuned on it alone: several models, not one.",
            MethodKind.FineTune,
            new MethodRun(
                run.Seed,
                [.. Columns().Select(column => Own(column, Metric.ExactMatch))],
                [.. Columns().Select(column => Own(column, Metric.Loss))],
                tuning));
        ImmutableArray<CoefficientCurve> curves = Merges(sources, tuning, withCurves);
        Mixtures(sources, kinds);
        Lacking(start);
        return curves;
    }

    private IEnumerable<string> Columns() => _preset.Sources.Concat(_preset.Kept).Select(source => source.Name);

    private ImmutableArray<CoefficientCurve> Merges(ImmutableArray<TextSource> sources, MethodCost tuning, bool withCurves)
    {
        int count = sources.Length;
        double[] average = [.. sources.Select(_ => 1.0 / count)];
        using VectorFamily family = run.Open("main", sources, false, new Dictionary<string, double>());
        Add(
            "plain average",
            $"Every coefficient is 1/{count}; nothing is searched.",
            MethodKind.FixedMerge,
            family.Judge(average, run.Tester, run.Cancel),
            tuning);
        ChosenCoefficients shared = run.Search(family, "one for all", average, shared: true);
        Add(
            "DEM, one coefficient",
            "One coefficient for all vectors, by slopes.",
            MethodKind.Dem,
            family.Judge(shared.Values, run.Tester, run.Cancel),
            tuning + shared.Cost,
            FormattableString.Invariant($"{shared.Values[0]:0.###} in {shared.Trials} evaluations"));
        int groups = _preset.Effort.LayerGroups;
        if (groups > 1)
        {
            ChosenCoefficients layers = run.Search(family, "one each and layer group", average, layerGroups: groups);
            Add(
                $"DEM, one each in {groups} groups of layers",
                "A coefficient for each vector and group of layers, by slopes.",
                MethodKind.Dem,
                family.Judge(layers.Best.Coefficients, groups, run.Tester, run.Cancel),
                tuning + layers.Cost,
                $"{layers.Trials} evaluations");
        }

        ChosenCoefficients each = run.Search(family, "one each", average);
        Add(
            "DEM, one each",
            "A coefficient for each vector, by slopes from the plain average.",
            MethodKind.Dem,
            family.Judge(each.Values, run.Tester, run.Cancel),
            tuning + each.Cost,
            $"{SeedRun.Describe(sources, each.Values)} in {each.Trials} evaluations");
        if (!withCurves)
            return [];
        return
        [
            family.Along("one coefficient for all", _preset.Range, shared.Values[0], run.Cancel),
            .. sources.Select((source, k) =>
                family.Along($"{source.Name}, the others as chosen", _preset.Range, each.Values, k, run.Cancel)),
        ];
    }

    private void Mixtures(ImmutableArray<TextSource> sources, int kinds)
    {
        foreach (double part in _preset.Effort.Curve)
        {
            Add(
                FormattableString.Invariant($"mixing, {part:0.##} of the tokens"),
                "One model on a mixture of equal shares, with a part of the tokens of all fine-tunes.",
                MethodKind.Mixing,
                run.Judge(Part(part)),
                run.Model(Part(part)).Cost);
        }

        Add(
            "mixing, equal shares",
            "One model on a mixture of equal shares, with the tokens of all fine-tunes.",
            MethodKind.Mixing,
            run.Judge(Kind(0)),
            run.Model(Kind(0)).Cost);
        double[] losses = [.. Enumerable.Range(0, kinds).Select(kind => run.Losses(Kind(kind), sources).Average())];
        foreach (int tried in new[] { _preset.Effort.Shares, kinds }.Distinct().Where(count => count > 1 && count <= kinds))
        {
            int best = Array.IndexOf(losses, losses[..tried].Min());
            Add(
                $"mixing, best of {tried} shares",
                "The best by validation loss of mixtures with other shares; every one of them counts.",
                MethodKind.Mixing,
                run.Judge(Kind(best)),
                SeedRun.Sum(Enumerable.Range(0, tried).Select(kind => run.Model(Kind(kind)).Cost)),
                $"the {best + 1}. of {tried}");
        }

        using VectorFamily back = run.OpenAlone("drawn-back", Kind(0), sources);
        Add(
            "mixing, drawn half way back",
            "The mixture of equal shares, half way back to the base: a merge with one coefficient, a rival in forgetting.",
            MethodKind.Mixing,
            back.Judge([0.5], run.Tester, run.Cancel),
            run.Model(Kind(0)).Cost);
    }

    private void Lacking(ModelScores start)
    {
        if (lacking is null || _preset.Lacking is not { } skill)
            return;
        ImmutableArray<TextSource> sources = [skill, .. _preset.Sources];
        lacking.Add("base", "Has never seen the skill.", MethodKind.Base, run.Seed, start, default);
        lacking.Add(
            $"tuned on {skill.Name}",
            "The base tuned on it alone.",
            MethodKind.FineTune,
            run.Seed,
            run.Judge(skill.Name),
            run.Model(skill.Name).Cost);
        using VectorFamily family = run.Open("lacking", sources, false, new Dictionary<string, double>());
        ChosenCoefficients found = run.Search(family, $"with {skill.Name}", sources.Select(_ => 1.0 / sources.Length));
        lacking.Add(
            "DEM",
            "A coefficient for each vector.",
            MethodKind.Dem,
            run.Seed,
            family.Judge(found.Values, run.Tester, run.Cancel),
            SeedRun.Sum(sources.Select(source => run.Model(source.Name).Cost)) + found.Cost,
            SeedRun.Describe(sources, found.Values));
        lacking.Add(
            "mixing, equal shares",
            "One model on a mixture of all.",
            MethodKind.Mixing,
            run.Seed,
            run.Judge(FamilyTraining.Mixing("lacking")),
            run.Model(FamilyTraining.Mixing("lacking")).Cost);
    }

    private void Add(
        string method, string description, MethodKind kind, ModelScores scores, MethodCost cost, string? chosen = null) =>
        main.Add(method, description, kind, run.Seed, scores, cost, chosen);
}
