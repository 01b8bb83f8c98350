using System.Collections.Immutable;
using System.Diagnostics;
using DemEngine.Backends;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Gradients;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Recipes;
using DemEngine.Search.Space;

namespace DemEngine.Search.Trials;

/// <summary>
/// Tries candidates: looks up an existing trial, or otherwise merges and evaluates the candidate and logs the trial. No candidate
/// is evaluated twice. Where an external program evaluates, several expected candidates may be evaluated at the same time.
/// </summary>
public sealed class TrialRunner : IDisposable
{
    private const string CandidateFolder = "candidate";
    private const string EvaluationsFolder = "evaluations";

    // Errors that concern one candidate; any other would occur with all of them.
    private static readonly ErrorCode[] OfOneCandidate =
        [ErrorCode.CommandFailed, ErrorCode.CommandTimedOut, ErrorCode.CommandGaveNoNumber, ErrorCode.NonFiniteOutput];

    private readonly MemoryMerge _merge;
    private readonly CoefficientMap _map;
    private readonly IModelEvaluator _evaluator;
    private readonly IMergeBackend _backend;
    private readonly RunOptions _options;
    private readonly TrialLog _log;
    private readonly string _folder;
    private readonly bool _retryFailed;
    private readonly Lock _merging = new();
    private readonly Lock _noting = new();
    private readonly HashSet<Coefficients> _tried = [];
    private Coefficients[] _expected = [];
    private Func<bool> _mayBegin = () => true;
    private ParallelTrials? _parallel;
    private ImmutableArray<Coefficients> _together = [];
    private CandidateGroup? _group;
    private bool _isScaling;

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
        _log = log;
        Objective = objective;
        if (_log.Trials.FirstOrDefault(trial => trial.HigherIsBetter is not null)?.HigherIsBetter is { } isHigher)
            LearnDirection(isHigher);
        _backend = backend;
        _options = options with { Overwrite = true, Unfinished = UnfinishedRun.Restart, Card = false };
        _folder = Path.GetFullPath(folder);
        _retryFailed = retryFailed;
    }

    /// <summary>
    /// Objective that is computed from the scores. Where only an external program knows whether more of its metric is better,
    /// this is settled by the first trial that succeeds.
    /// </summary>
    public Objective Objective { get; private set; }

    /// <summary>
    /// Evaluates the base and each source alone, by which regrets are measured, if the objective is one of regrets.
    /// </summary>
    /// <param name="tried">Callback that is called after each trial.</param>
    /// <param name="cancel">Token that stops the trials.</param>
    /// <exception cref="DemException">DEM4121 (NoTrialSucceeded): the base could not be evaluated.</exception>
    internal void MeasureRegrets(Action<Trial> tried, CancellationToken cancel)
    {
        if (!Objective.IsRegret)
            return;
        _map.RequireZeroIsBase("an objective of regrets");
        int count = _map.Sources.Length;
        Coefficients[] candidates =
        [
            .. Enumerable.Range(-1, count + 1).Select(alone =>
                Coefficients.Of(Enumerable.Range(0, count).Select(k => k == alone ? 1.0 : 0))),
        ];
        Expect(candidates);
        _isScaling = true; // These trials need no slopes.
        Trial[] trials =
        [
            .. candidates.Select(candidate =>
            {
                cancel.ThrowIfCancellationRequested();
                Trial trial = Try(candidate, cancel);
                tried(trial);
                return trial;
            }),
        ];
        _isScaling = false;
        if (!trials[0].Succeeded)
        {
            throw new DemException(
                ErrorCode.NoTrialSucceeded, $"regrets are measured from the base, which failed with {trials[0].Error}");
        }

        lock (_noting)
            Objective = Objective.WithScales(trials[0].Scores, trials[1..]);
    }

    /// <summary>Number of candidates that are evaluated at the same time; more than 1 only where a command evaluates.</summary>
    public int Jobs { get; init; } = 1;

    /// <summary>Devices of the candidates that are evaluated at the same time; empty to leave them to the program.</summary>
    public ImmutableArray<string> Devices { get; init; } = [];

    /// <summary>Whether a failed trial is thrown as an error, and not noted.</summary>
    public bool StopOnFailure { get; init; }

    /// <summary>
    /// What the coefficients add to a merge; null if trials need no slopes. The evaluator is an <see cref="IGradientEvaluator"/>
    /// if this is set.
    /// </summary>
    internal IWeightDirections? Directions { get; init; }

    /// <summary>Number of trials that were evaluated rather than looked up.</summary>
    public int Evaluated { get; private set; }

    /// <summary>Duration of the evaluated trials in seconds, merging included.</summary>
    public double TrialSeconds { get; private set; }

    /// <summary>Part of <see cref="TrialSeconds"/> that was spent merging.</summary>
    public double MergeSeconds { get; private set; }

    /// <summary>Maximum number of expected candidates that are merged together.</summary>
    public int MostTogether => _merge.MaxTogether;

    /// <summary>All valid trials, including those of earlier runs.</summary>
    public IEnumerable<Trial> Trials
    {
        get
        {
            lock (_noting)
                return [.. _log.Trials.Select(WithObjective)];
        }
    }

    /// <summary>Returns the trial with these coefficients; null if they must be evaluated.</summary>
    public Trial? Known(Coefficients coefficients)
    {
        lock (_noting)
        {
            return _log.Find(coefficients) is { } trial
                && (trial.Succeeded ? HasSlopes(trial) : !_retryFailed || _tried.Contains(coefficients))
                ? WithObjective(trial)
                : null;
        }
    }

    private bool HasSlopes(Trial trial) => Directions is null || _isScaling
        || (trial.Slopes.Length > 0 && trial.Slopes[0].BySource[0].Length == _map.Groups.Length);

    /// <summary>Whether the evaluation of a candidate has begun beside others, and is not waited for yet.</summary>
    public bool IsBegun(Coefficients coefficients) => _parallel?.IsBegun(coefficients) ?? false;

    /// <summary>
    /// Announces the candidates that will be tried next, so that they can be merged together, or evaluated at the same time. This
    /// affects nothing but the running time.
    /// </summary>
    /// <param name="next">Candidates that will be tried, in this order.</param>
    /// <param name="mayBegin">Whether a candidate may still begin before it is tried; null if it always may.</param>
    public void Expect(IEnumerable<Coefficients> next, Func<bool>? mayBegin = null)
    {
        _expected = [.. next];
        _mayBegin = mayBegin ?? (() => true);
    }

    /// <summary>Tries a candidate, or looks up its trial.</summary>
    /// <exception cref="DemException">There is an error that would occur with every candidate.</exception>
    public Trial Try(Coefficients coefficients, CancellationToken cancel)
    {
        if (Known(coefficients) is { } known)
            return known;

        if (Jobs == 1 || _evaluator is not CommandEvaluator)
            return TryNow(coefficients, NextNumber(), 0, cancel);

        if (_parallel?.Wait(coefficients) is { } trial)
            return trial;
        FinishBegun();
        _parallel = BeginTogether(coefficients, cancel);
        return _parallel.Wait(coefficients)!;
    }

    /// <summary>Waits for the candidates whose evaluation has begun, and lets no other begin.</summary>
    public void FinishBegun()
    {
        _parallel?.Finish();
        _parallel = null;
    }

    /// <summary>Stops the evaluations that have begun; they are not noted.</summary>
    public void Dispose()
    {
        _parallel?.Dispose();
        _parallel = null;
    }

    private ParallelTrials BeginTogether(Coefficients coefficients, CancellationToken cancel)
    {
        Coefficients[] next =
        [
            coefficients,
            .. _expected.Where(other => !other.Equals(coefficients) && Known(other) is null).Distinct(),
        ];
        int first = NextNumber();
        return new ParallelTrials(
            next, Jobs, _mayBegin, (one, index, slot, stop) => TryNow(one, first + index, slot, stop), cancel);
    }

    private int NextNumber()
    {
        lock (_noting)
            return _log.NextNumber;
    }

    private Trial TryNow(Coefficients coefficients, int number, int slot, CancellationToken cancel)
    {
        Trial trial = Evaluate(coefficients, number, slot, cancel) with { Number = number };
        lock (_noting)
        {
            Evaluated++;
            TrialSeconds += trial.Seconds;
            MergeSeconds += trial.MergeSeconds;
            _tried.Add(coefficients);
            _log.Append(trial);
        }

        return trial;
    }

    private (ModelScores Scores, ImmutableArray<SetSlopes> Slopes) Measure(
        Candidate candidate, int number, int slot, CancellationToken cancel)
    {
        if (Directions is null || _isScaling)
            return (Scores(candidate, number, slot, cancel), []);
        GradientScores found = ((IGradientEvaluator)_evaluator).Differentiate(candidate, Directions, cancel);
        return (found.Scores, _map.SlopesOf(found));
    }

    private ModelScores Scores(Candidate candidate, int number, int slot, CancellationToken cancel)
    {
        if (_evaluator is not CommandEvaluator command)
            return _evaluator.Evaluate(candidate, cancel);
        string output = Path.Combine(_folder, EvaluationsFolder, $"trial-{number}");
        string? devices = Devices.Length > 0 ? Devices[slot % Devices.Length] : command.HasDevices ? $"{slot}" : null;
        return command.Evaluate(candidate, new CommandPlace(number, output) { Devices = devices }, cancel);
    }

    private Trial Evaluate(Coefficients coefficients, int number, int slot, CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        using Candidate candidate = Merge(coefficients, slot, cancel);
        double Seconds() => Stopwatch.GetElapsedTime(start).TotalSeconds - candidate.WaitedSeconds + candidate.MergeSeconds;
        try
        {
            (ModelScores scores, ImmutableArray<SetSlopes> slopes) = Measure(candidate, number, slot, cancel);
            Score[] asked = [.. scores.Scores.Where(score => score.Metric.Name == Objective.Metric.Name)];
            bool? isHigher = _evaluator is CommandEvaluator ? asked.FirstOrDefault()?.Metric.HigherIsBetter : null;
            if (isHigher is { } known)
                LearnDirection(known);
            return Judge(new Trial(
                coefficients,
                [.. asked.Select(score => new SetScore(score.Set, score.Value))],
                double.NaN,
                Seconds(),
                candidate.MergeSeconds,
                null)
            {
                HigherIsBetter = isHigher,
                Slopes = slopes,
            });
        }
        catch (DemException e) when (!StopOnFailure && IsOfOneCandidate(e))
        {
            return new Trial(coefficients, [], double.NaN, Seconds(), candidate.MergeSeconds, $"{e.Code}: {e.Message}");
        }
    }

    /// <summary>Makes a candidate, in the group that was merged last or in a new one with the expected candidates.</summary>
    private Candidate Merge(Coefficients coefficients, int slot, CancellationToken cancel)
    {
        string folder = Path.Combine(_folder, Jobs == 1 ? CandidateFolder : $"{CandidateFolder}-{slot + 1}");
        if (_evaluator is CommandEvaluator)
        {
            Recipe recipe = _map.Apply(coefficients);
            lock (_merging)
            {
                var group = new CandidateGroup(_merge, recipe, [], _options);
                return new Candidate(_merge, recipe, group, 0, _merging, folder, _backend, _options, cancel);
            }
        }

        if (_group is null || !_together.Contains(coefficients))
        {
            Coefficients[] next = [.. _expected.Where(other => !other.Equals(coefficients) && Known(other) is null).Distinct()];
            _group = new CandidateGroup(_merge, _map.Apply(coefficients), next.Select(_map.Apply), _options);
            _together = [coefficients, .. next.Take(_group.Plans.Length - 1)];
        }

        return new Candidate(
            _merge,
            _map.Apply(coefficients),
            _group,
            _together.IndexOf(coefficients),
            _merging,
            folder,
            _backend,
            _options,
            cancel);
    }

    /// <summary>
    /// Adds the objective, or marks the trial as failed if a score is not finite: JSON has no NaN, and nothing could be concluded
    /// from one.
    /// </summary>
    private Trial Judge(Trial trial)
    {
        if (trial.HigherIsBetter is { } isHigher && isHigher != Objective.Metric.HigherIsBetter)
            return trial with { Scores = [], Error = $"of {Objective.Metric} more was better in an earlier trial, or less" };
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

    /// <summary>
    /// Whether an error concerns one candidate. That the metric is unclear concerns all of them, unless it was clear before.
    /// </summary>
    private bool IsOfOneCandidate(DemException error) =>
        OfOneCandidate.Contains(error.Code)
        || (error.Code == ErrorCode.MetricUnclear && Trials.Any(trial => trial.Succeeded));

    private void LearnDirection(bool higherIsBetter)
    {
        lock (_noting)
        {
            if (Objective.Metric.DirectionIsAssumed)
                Objective = Objective.InDirection(higherIsBetter);
        }
    }

    private Trial WithObjective(Trial trial) => trial.Succeeded ? trial with { Objective = Objective.Of(trial.Scores) } : trial;
}
