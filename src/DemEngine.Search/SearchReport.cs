using System.Collections.Immutable;
using DemEngine.Search.Reports;
using DemEngine.Search.Space;
using DemEngine.Search.Trials;

namespace DemEngine.Search;

/// <summary>What a search found and wrote.</summary>
/// <param name="Folder">Where everything lies.</param>
/// <param name="Recipe">The recipe's file, with the best coefficients.</param>
/// <param name="TrialLog">The trials' file.</param>
/// <param name="Map">What was searched.</param>
/// <param name="Objective">By what.</param>
/// <param name="Strategy">How.</param>
/// <param name="End">Why it ended.</param>
/// <param name="Asked">Different points that the strategy asked for.</param>
/// <param name="Evaluated">Trials of this run that no earlier one had made.</param>
/// <param name="Failed">Trials that failed, of all that hold.</param>
/// <param name="Best">The best trial.</param>
/// <param name="Trials">Every trial that holds, this run's and earlier ones'.</param>
/// <param name="Comparisons">What it is compared with.</param>
/// <param name="Sensitivity">How the metric moves about it; empty if that was not asked for.</param>
/// <param name="Conflicts">Where sources conflict; null if that was not asked for.</param>
/// <param name="EvaluatorDescription">What judged.</param>
/// <param name="Seconds">How long it took in all.</param>
/// <param name="TrialSeconds">How long the trials of this run took.</param>
/// <param name="MergeSeconds">How much of that was merging.</param>
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
    double MergeSeconds);
