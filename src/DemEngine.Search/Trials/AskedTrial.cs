using DemEngine.Search.Space;

namespace DemEngine.Search.Trials;

/// <summary>A trial that was handed out, to be evaluated elsewhere.</summary>
/// <param name="Number">Number of the trial, by which its metrics are told.</param>
/// <param name="Coefficients">Coefficients of the candidate.</param>
/// <param name="Recipe">Path of the candidate's recipe, relative to the search's folder, with slashes.</param>
/// <param name="Objective">Objective that the trial is compared by.</param>
public sealed record AskedTrial(int Number, Coefficients Coefficients, string Recipe, Objective Objective);
