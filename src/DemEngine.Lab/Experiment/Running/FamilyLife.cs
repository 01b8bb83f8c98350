using System.Collections.Immutable;
using DemEngine.Evaluation;
using DemEngine.Lab.Experiment.Results;
using DemEngine.Lab.Experiment.Sources;

namespace DemEngine.Lab.Experiment.Running;

/// <summary>
/// The life of a family in one seed's run: for each event what DEM, mixing trained again and mixing trained further cost and how
/// well they serve the sources of the family afterwards, on test data that nothing was chosen on.
/// </summary>
internal sealed class FamilyLife
{
    // Name of the column of the conflicting sources, weighed as each user does.
    private const string AsWanted = "dates as wanted";

    private readonly SeedRun _run;
    private readonly ExperimentPreset _preset;
    private readonly ImmutableArray<FamilyEvent> _events;
    private readonly ImmutableArray<Findings> _tables;

    /// <param name="run">Models and tools of the seed's run.</param>
    /// <param name="events">Events, in their order.</param>
    /// <param name="tables">A table for each event.</param>
    public FamilyLife(SeedRun run, ImmutableArray<FamilyEvent> events, ImmutableArray<Findings> tables)
    {
        (_run, _events, _tables) = (run, events, tables);
        _preset = run.Preset;
    }

    /// <summary>Makes the tables that runs fill.</summary>
    public static ImmutableArray<Findings> Tables(ExperimentPreset preset, ImmutableArray<FamilyEvent> events) =>
    [
        .. events.Select(one => new Findings(one.Name, one.Description, Columns(preset, one), one.Sources.Length)),
    ];

    /// <summary>Goes through all events.</summary>
    public void Run()
    {
        Dictionary<string, double> coefficients = [];
        ModelScores start = _run.Judge(FamilyTraining.Base);
        for (int k = 0; k < _events.Length; k++)
        {
            FamilyEvent one = _events[k];
            Findings table = _tables[k];
            table.Add("base", "The base, which knows both customs.", MethodKind.Base, Of(one, [start], default));
            table.Add(
                "DEM",
                "Models tuned for the event, and coefficients by the slopes of the losses.",
                MethodKind.Dem,
                Merge(one, coefficients));
            table.Add(
                "mixing, trained again",
                "One model for each user, trained from the base on all sources.",
                MethodKind.Mixing,
                Mixed(one, FamilyTraining.Mixing));
            if (_preset.Effort.WithContinued)
            {
                table.Add(
                    "mixing, continued",
                    "The last mixture, trained further on what is new and what is to be kept.",
                    MethodKind.Mixing,
                    Mixed(one, k == 0 ? FamilyTraining.Mixing : FamilyTraining.Continued));
            }
        }
    }

    private static ImmutableArray<string> Columns(ExperimentPreset preset, FamilyEvent one) =>
    [
        .. one.Sources.Select(source =>
            source == preset.Sources[0] && one.Users[0].Weight is not null ? AsWanted : source.Name),
        .. one.Sources.Any(source => source.Name == preset.Withdrawn) ? Array.Empty<string>() : [preset.Withdrawn],
        .. preset.Kept.Select(source => source.Name),
    ];

    private MethodRun Mixed(FamilyEvent one, Func<string, string> name)
    {
        TrainedModel[] models = [.. one.Users.Select(user => _run.Model(name(one.Name + user.Name)))];
        return Of(one, [.. models.Select(_run.Judge)], SeedRun.Sum(models.Select(model => model.Cost)));
    }

    private MethodRun Merge(FamilyEvent one, Dictionary<string, double> coefficients)
    {
        MethodCost cost = SeedRun.Sum(one.New.Select(name => _run.Model(name).Cost));
        var scores = ImmutableArray.CreateBuilder<ModelScores>();
        string chosen = "";
        foreach (var (user, weight) in one.Users)
        {
            ImmutableArray<TextSource> sources = weight is null ? one.Sources : one.Sources.Add(_preset.Conflict);
            using VectorFamily family = _run.Open(
                $"life-{one.Name}{user}", sources, one.IsImproved, weight is { } share
                    ? new Dictionary<string, double> { [sources[0].Name] = 1 - share, [_preset.Conflict.Name] = share }
                    : []);
            double[] from = [.. sources.Select(source => coefficients.GetValueOrDefault(source.Name, 1.0 / sources.Length))];
            double[] values = from;
            if (one.NeedsSearch)
            {
                ChosenCoefficients found = _run.Search(family, $"{one.Name}{user}", from);
                (values, cost) = (found.Values, cost + found.Cost);
            }

            scores.Add(family.Judge(values, _run.Tester, _run.Cancel));
            chosen = SeedRun.Describe(sources, values);
            if (weight is null)
            {
                foreach (var (source, value) in sources.Zip(values))
                    coefficients[source.Name] = value;
            }

            if (one.Name == FamilyEvent.Build)
                _run.WriteRecipe(family, values);
        }

        return Of(one, scores.DrainToImmutable(), cost) with { Chosen = chosen };
    }

    /// <summary>Results of an event: on the conflicting sources by each user's weights, and the mean over the users.</summary>
    private MethodRun Of(FamilyEvent one, ImmutableArray<ModelScores> byUser, MethodCost cost)
    {
        double Value(ModelScores scores, string column, Metric metric, double? weight)
        {
            if (column != AsWanted)
                return scores[column, metric];
            (double first, double second) = (scores[_preset.Sources[0].Name, metric], scores[_preset.Conflict.Name, metric]);
            return first + (weight!.Value * (second - first));
        }

        ImmutableArray<double> Values(Metric metric) =>
        [
            .. Columns(_preset, one).Select(column => one.Users
                .Select((user, k) => Value(byUser[Math.Min(k, byUser.Length - 1)], column, metric, user.Weight))
                .Average()),
        ];
        return new MethodRun(_run.Seed, Values(Metric.ExactMatch), Values(Metric.Loss), cost);
    }
}
