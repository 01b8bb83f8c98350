using System.Collections.Immutable;
using DemEngine.Search.Reports;
using DemEngine.Search.Space;
using DemEngine.Search.Trials;

namespace DemEngine.Search;

/// <summary>The results of a search, and the files that it wrote.</summary>
/// <param name="Folder">Folder of the search, which holds all its files.</param>
/// <param name="Recipe">Path of the recipe with the best coefficients.</param>
/// <param name="TrialLog">Path of the trial log.</param>
/// <param name="Map">Coefficient map that was searched.</param>
/// <param name="Objective">Objective that the trials are compared by.</param>
/// <param name="Strategy">Name of the strategy.</param>
/// <param name="End">Reason why the search ended.</param>
/// <param name="Asked">Number of different points that the strategy asked for.</param>
/// <param name="Evaluated">Number of trials in this run that no earlier run had made.</param>
/// <param name="Failed">Number of failed trials among <paramref name="Trials"/>.</param>
/// <param name="Best">Best trial.</param>
/// <param name="Trials">All valid trials, those of this run and of earlier ones.</param>
/// <param name="Comparisons">Candidates that the best trial is compared with.</param>
/// <param name="Sensitivity">Sensitivity of the metric about the optimum; empty if that was not asked for.</param>
/// <param name="Conflicts">Conflicts between sources; null if that was not asked for.</param>
/// <param name="EvaluatorDescription">Short description of the evaluator.</param>
/// <param name="Seconds">Total duration of the search in seconds.</param>
/// <param name="TrialSeconds">Duration of the trials of this run in seconds.</param>
/// <param name="MergeSeconds">Part of <paramref name="TrialSeconds"/> that was spent merging.</param>
public sealed record SearchReport(
    string Folder,
    string Recipe,
    string TrialLog,
    CoefficientMap Map,
    Objective Objective,
    string Strategy,
    SearchEnd End,
    int Asked,
    int Evaluated,
    int Failed,
    Trial Best,
    ImmutableArray<Trial> Trials,
    ImmutableArray<ComparedCandidate> Comparisons,
    ImmutableArray<CoefficientSensitivity> Sensitivity,
    ConflictReport? Conflicts,
    string EvaluatorDescription,
    double Seconds,
    double TrialSeconds,
    double MergeSeconds)
{
    /// <summary>
    /// Number of the candidates that were tried for comparison or analysis in this run, beside those of the strategy.
    /// </summary>
    public int EvaluatedBeside { get; init; }

    /// <summary>Trials that no other is better than on every set; empty if they were not asked for.</summary>
    public ImmutableArray<ParetoPoint> Pareto { get; init; } = [];
}
