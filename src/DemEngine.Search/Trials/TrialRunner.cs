using System.Collections.Immutable;
using System.Diagnostics;
using DemEngine.Backends;
using DemEngine.Evaluation;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Search.Space;

namespace DemEngine.Search.Trials;

/// <summary>Tries candidates: looks a trial up where there was one, and otherwise merges, evaluates and notes it. None is evaluated twice.</summary>
public sealed class TrialRunner
{
    private const string CandidateFolder = "candidate";

    // What is wrong with one candidate; anything else would be wrong with all.
    private static readonly ErrorCode[] OfOneCandidate = [ErrorCode.CommandFailed, ErrorCode.CommandGaveNoNumber, ErrorCode.NonFiniteOutput];

    private readonly MemoryMerge _merge;
    private readonly CoefficientMap _map;
    private readonly IModelEvaluator _evaluator;
    private readonly IMergeBackend _backend;
    private readonly RunOptions _options;
    private readonly TrialLog _log;
    private readonly string _folder;
    private readonly bool _retryFailed;
    private readonly HashSet<Coefficients> _tried = [];
    private Coefficients[] _expected = [];
    private ImmutableArray<Coefficients> _together = [];
    private CandidateGroup? _group;

    /// <summary>Makes a runner.</summary>
    /// <param name="merge">Has the models open.</param>
    /// <param name="map">What coefficients mean for the recipe.</param>
    /// <param name="evaluator">Judges.</param>
    /// <param name="objective">What is made of the scores.</param>
    /// <param name="log">Earlier trials, and where new ones are noted.</param>
    /// <param name="backend">What computes a candidate that is written for a program outside.</param>
    /// <param name="options">How that is done.</param>
    /// <param name="folder">Where it goes meanwhile.</param>
    /// <param name="retryFailed">Whether trials that failed in an earlier run are tried again.</param>
    public TrialRunner(
        MemoryMerge merge,
        CoefficientMap map,
        IModelEvaluator evaluator,
        Objective objective,
        TrialLog log,
        IMergeBackend backend,
        RunOptions options,
        string folder,
        bool retryFailed = false)
    {
        _merge = merge;
        _map = map;
        _evaluator = evaluator;
        Objective = objective;
        _log = log;
        _backend = backend;
        _options = options with { Overwrite = true, Unfinished = UnfinishedRun.Restart };
        _folder = Path.Combine(folder, CandidateFolder);
        _retryFailed = retryFailed;
    }

    /// <summary>What is made of the scores.</summary>
    public Objective Objective { get; }

    /// <summary>Number of trials that were evaluated, rather than looked up.</summary>
    public int Evaluated { get; private set; }

    /// <summary>How long these took.</summary>
    public double TrialSeconds { get; private set; }

    /// <summary>How much of that was merging.</summary>
    public double MergeSeconds { get; private set; }

    /// <summary>How many candidates that are expected are merged at a time, at most.</summary>
    public int MostTogether => _merge.MaxTogether;

    /// <summary>Every trial that holds, those of earlier runs included.</summary>
    public IEnumerable<Trial> Trials => _log.Trials.Select(WithObjective);

    /// <summary>The trial with these coefficients, if it need not be evaluated.</summary>
    public Trial? Known(Coefficients coefficients) =>
        _log.Find(coefficients) is { } trial && (trial.Succeeded || !_retryFailed || _tried.Contains(coefficients)) ? WithObjective(trial) : null;

    /// <summary>
    /// Says which candidates will be tried next, so that they can be merged together. That shows in nothing but the time it takes.
    /// </summary>
    public void Expect(IEnumerable<Coefficients> next) => _expected = [.. next];

    /// <summary>Tries a candidate.</summary>
    /// <exception cref="DemException">Something is wrong that would be wrong with every candidate.</exception>
    public Trial Try(Coefficients coefficients, CancellationToken cancel)
    {
        if (Known(coefficients) is { } known)
            return known;

        Trial trial = Evaluate(coefficients, cancel);
        Evaluated++;
        TrialSeconds += trial.Seconds;
        MergeSeconds += trial.MergeSeconds;
        _tried.Add(coefficients);
        _log.Append(trial);
        return trial;
    }

    private Trial Evaluate(Coefficients coefficients, CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        using Candidate candidate = Merge(coefficients, cancel);
        double Seconds() => Stopwatch.GetElapsedTime(start).TotalSeconds - candidate.WaitedSeconds + candidate.MergeSeconds;
        try
        {
            ModelScores scores = _evaluator.Evaluate(candidate, cancel);
            return Judge(new Trial(
                coefficients,
                [.. scores.Scores.Where(score => score.Metric.Name == Objective.Metric.Name).Select(score => new SetScore(score.Set, score.Value))],
                double.NaN,
                Seconds(),
                candidate.MergeSeconds,
                null));
        }
        catch (DemException e) when (OfOneCandidate.Contains(e.Code))
        {
            return new Trial(coefficients, [], double.NaN, Seconds(), candidate.MergeSeconds, $"{e.Code}: {e.Message}");
        }
    }

    /// <summary>The candidate, in the group that was merged last or in one with those that are expected.</summary>
    private Candidate Merge(Coefficients coefficients, CancellationToken cancel)
    {
        if (_group is null || !_together.Contains(coefficients))
        {
            Coefficients[] next = [.. _expected.Where(other => !other.Equals(coefficients) && Known(other) is null).Distinct()];
            _group = new CandidateGroup(_merge, _map.Apply(coefficients), next.Select(_map.Apply), _options);
            _together = [coefficients, .. next.Take(_group.Plans.Length - 1)];
        }

        return new Candidate(
            _merge, _map.Apply(coefficients), _group, _together.IndexOf(coefficients), _folder, _backend, _options, cancel);
    }

    /// <summary>JSON has no NaN, and nothing could be concluded from one.</summary>
    private Trial Judge(Trial trial)
    {
        SetScore? bad = trial.Scores.FirstOrDefault(score => !double.IsFinite(score.Value));
        if (bad is null && trial.Scores.Length > 0)
            return WithObjective(trial);
        return trial with
        {
            Scores = [],
            Error = bad is null ? $"there is no {Objective.Metric} among the scores" : $"{Objective.Metric} on {bad.Set} is {bad.Value}",
        };
    }

    private Trial WithObjective(Trial trial) => trial.Succeeded ? trial with { Objective = Objective.Of(trial.Scores) } : trial;
}
