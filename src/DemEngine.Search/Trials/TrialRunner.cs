using System.Collections.Immutable;
using System.Diagnostics;
using DemEngine.Backends;
using DemEngine.Evaluation;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Search.Space;

namespace DemEngine.Search.Trials;

/// <summary>
/// Tries candidates: looks up an existing trial, or otherwise merges and evaluates the candidate and logs the trial. No candidate
/// is evaluated twice.
/// </summary>
public sealed class TrialRunner
{
    private const string CandidateFolder = "candidate";

    // Errors that concern one candidate; any other would occur with all of them.
    private static readonly ErrorCode[] OfOneCandidate =
        [ErrorCode.CommandFailed, ErrorCode.CommandGaveNoNumber, ErrorCode.NonFiniteOutput];

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
    /// <param name="merge">Merge that has the models open.</param>
    /// <param name="map">Coefficient map that applies coefficients to the recipe.</param>
    /// <param name="evaluator">Evaluator of the candidates.</param>
    /// <param name="objective">Objective that is computed from the scores.</param>
    /// <param name="log">Log of earlier trials, which new ones are appended to.</param>
    /// <param name="backend">Backend that computes a candidate that is written for an external program.</param>
    /// <param name="options">Run options for merging candidates.</param>
    /// <param name="folder">Folder of the search; a candidate that is written lies in it while it is evaluated.</param>
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
        _options = options with { Overwrite = true, Unfinished = UnfinishedRun.Restart, Card = false };
        _folder = Path.Combine(folder, CandidateFolder);
        _retryFailed = retryFailed;
    }

    /// <summary>Objective that is computed from the scores.</summary>
    public Objective Objective { get; }

    /// <summary>Number of trials that were evaluated rather than looked up.</summary>
    public int Evaluated { get; private set; }

    /// <summary>Duration of the evaluated trials in seconds, merging included.</summary>
    public double TrialSeconds { get; private set; }

    /// <summary>Part of <see cref="TrialSeconds"/> that was spent merging.</summary>
    public double MergeSeconds { get; private set; }

    /// <summary>Maximum number of expected candidates that are merged together.</summary>
    public int MostTogether => _merge.MaxTogether;

    /// <summary>All valid trials, including those of earlier runs.</summary>
    public IEnumerable<Trial> Trials => _log.Trials.Select(WithObjective);

    /// <summary>Returns the trial with these coefficients; null if they must be evaluated.</summary>
    public Trial? Known(Coefficients coefficients) =>
        _log.Find(coefficients) is { } trial && (trial.Succeeded || !_retryFailed || _tried.Contains(coefficients))
            ? WithObjective(trial)
            : null;

    /// <summary>
    /// Announces the candidates that will be tried next, so that they can be merged together. This affects nothing but the
    /// running time.
    /// </summary>
    public void Expect(IEnumerable<Coefficients> next) => _expected = [.. next];

    /// <summary>Tries a candidate, or looks up its trial.</summary>
    /// <exception cref="DemException">There is an error that would occur with every candidate.</exception>
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
                [
                    .. scores.Scores
                        .Where(score => score.Metric.Name == Objective.Metric.Name)
                        .Select(score => new SetScore(score.Set, score.Value)),
                ],
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

    /// <summary>Makes a candidate, in the group that was merged last or in a new one with the expected candidates.</summary>
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

    /// <summary>
    /// Adds the objective, or marks the trial as failed if a score is not finite: JSON has no NaN, and nothing could be concluded
    /// from one.
    /// </summary>
    private Trial Judge(Trial trial)
    {
        SetScore? bad = trial.Scores.FirstOrDefault(score => !double.IsFinite(score.Value));
        if (bad is null && trial.Scores.Length > 0)
            return WithObjective(trial);
        return trial with
        {
            Scores = [],
            Error = bad is null
                ? $"there is no {Objective.Metric} among the scores"
                : $"{Objective.Metric} on {bad.Set} is {bad.Value}",
        };
    }

    private Trial WithObjective(Trial trial) => trial.Succeeded ? trial with { Objective = Objective.Of(trial.Scores) } : trial;
}
