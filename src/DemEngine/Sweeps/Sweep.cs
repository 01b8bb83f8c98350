using System.Collections.Immutable;
using DemEngine.Backends;
using DemEngine.Errors;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Parts;
using DemEngine.Merging.Planning;
using DemEngine.Merging.Tensors;
using DemEngine.Methods;
using DemEngine.Recipes;
using DemEngine.Recipes.Values;

namespace DemEngine.Sweeps;

/// <summary>One merge of a sweep.</summary>
/// <param name="Name">
/// Name of the merge's folder: its parameters and their values, such as <c>models.0.weight-0.1_lambda-0.5</c>, or its number
/// where these are too many for a name. It can be the name of a repository on the Hugging Face Hub.
/// </param>
/// <param name="Recipe">The recipe with these values.</param>
public sealed record SweepCandidate(string Name, Recipe Recipe)
{
    /// <summary>The values that tell this merge from the others, in the order of the axes.</summary>
    public ImmutableArray<SweepSetting> Settings { get; init; } = [];
}

/// <summary>The report of a sweep.</summary>
/// <param name="Output">Full path of the folder that holds the merges' folders.</param>
/// <param name="Candidates">Names of all merges.</param>
/// <param name="Merges">Reports of the merges that this run made; the others existed already.</param>
public sealed record SweepReport(string Output, IReadOnlyList<string> Candidates, IReadOnlyList<RunReport> Merges);

/// <summary>
/// Many merges of the same models by recipes that differ in numbers only: every part of the inputs is read once for all of them,
/// and statistics that they share are computed once.
/// </summary>
public static class Sweep
{
    /// <summary>Maximum number of merges in one sweep.</summary>
    public const int MaxCandidates = 1000;

    /// <summary>The longest name of a repository on the Hugging Face Hub.</summary>
    private const int LongestName = 96;

    /// <summary>Lists every combination of the axes' values; the last axis changes fastest.</summary>
    /// <param name="recipe">The recipe to merge by; the axes' values replace its own.</param>
    /// <param name="axes">Parameters and their values.</param>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument): an axis does not fit the recipe, or there are too many combinations. DEM3003 (UnknownKey): the
    /// method does not use an axis's parameter.
    /// </exception>
    public static ImmutableArray<SweepCandidate> Candidates(Recipe recipe, IReadOnlyList<SweepAxis> axes)
    {
        foreach (SweepAxis axis in axes)
        {
            if (axis.Model >= recipe.Models.Count)
                throw new DemException(
                    ErrorCode.BadArgument,
                    $"models[{axis.Model}].{axis.Parameter}: the recipe has {recipe.Models.Count} models");
            if (MergeMethods.Find(recipe.MergeMethod.Value) is { } asked && !PassedOver.Includes(axis.Parameter, asked)
                && asked.Parameters.All(parameter => parameter.Name != axis.Parameter))
            {
                string[] known = [.. asked.Parameters.Select(parameter => parameter.Name)];
                throw new DemException(
                    ErrorCode.UnknownKey,
                    $"{axis.Parameter}: the method {asked.Name} has no such parameter"
                    + $"{Misspelling.DidYouMean(axis.Parameter, known)}; it takes {string.Join(", ", known)}");
            }

            if (axes.Any(other => other != axis && other.Model == axis.Model && other.Parameter == axis.Parameter))
                throw new DemException(ErrorCode.BadArgument, $"{axis.Parameter} is given twice");
            if (MergeMethods.Find(recipe.MergeMethod.Value) is { } method && PassedOver.Includes(axis.Parameter, method))
                throw new DemException(
                    ErrorCode.UnknownKey,
                    $"{axis.Parameter}: {method.Name} does not use it, so all merges would be the same; "
                    + $"it takes {string.Join(", ", method.Parameters.Select(parameter => parameter.Name))}");
        }

        if (axes.Aggregate(1.0, (product, axis) => product * axis.Values.Length) > MaxCandidates)
            throw new DemException(ErrorCode.BadArgument, $"these are more than {MaxCandidates} merges");

        IEnumerable<SweepCandidate> candidates = [new SweepCandidate("", recipe)];
        foreach (SweepAxis axis in axes)
        {
            candidates = candidates.SelectMany(candidate => axis.Values.Select(value => new SweepCandidate(
                candidate.Name.Length == 0 ? axis.NameOf(value) : $"{candidate.Name}_{axis.NameOf(value)}",
                candidate.Recipe.With(new Parameter(axis.Parameter, new NumberValue((double)value)), axis.Model))
            {
                Settings = [.. candidate.Settings, new SweepSetting(axis.Model, axis.Parameter, value)],
            }));
        }

        SweepCandidate[] all = [.. candidates];
        return all.Any(candidate => candidate.Name.Length > LongestName)
            ? [.. all.Select((candidate, k) => candidate with { Name = $"merge-{k + 1:0000}" })]
            : [.. all];
    }

    /// <summary>
    /// Makes the merges, and beside them <c>sweep.json</c> and <c>sweep.csv</c>, which say what is where. The merges that an
    /// interrupted sweep has completed are kept.
    /// </summary>
    /// <param name="candidates">Merges to make; at least one.</param>
    /// <param name="output">Path of the folder that holds the merges' folders.</param>
    /// <param name="alignment">Policies for tensors and vocabularies that do not match.</param>
    /// <param name="backend">Backend that computes the merges.</param>
    /// <param name="options">
    /// Run options. Resuming means making the merges that do not exist yet, or whose bytes are not what their manifest says.
    /// </param>
    /// <param name="progress">Progress callback, called in order; null for none.</param>
    /// <param name="cancel">Token that stops the sweep between tiles; the sweep can then be resumed.</param>
    /// <exception cref="DemException">Any documented error of a run.</exception>
    public static SweepReport Run(
        IReadOnlyList<SweepCandidate> candidates,
        string output,
        AlignmentOptions alignment,
        IMergeBackend backend,
        RunOptions options,
        Action<RunProgress>? progress = null,
        CancellationToken cancel = default)
    {
        foreach (SweepCandidate candidate in candidates)
            MergePlanner.CheckRecipe(candidate.Recipe);

        using var merge = MemoryMerge.OpenOnce(candidates[0].Recipe, alignment, backend, options);
        var requests = new List<OutputRequest>();
        foreach (SweepCandidate candidate in candidates)
        {
            OutputPlan plan = merge.Plan(candidate.Recipe);
            string folder = Path.Combine(output, candidate.Name);
            if (SweepMember.OptionsFor(folder, plan, options, progress, cancel) is { } own)
                requests.Add(new OutputRequest(plan, folder, own));
        }

        IReadOnlyList<RunReport> reports =
            requests.Count == 0 ? [] : OutputRun.ExecuteTogether(requests, backend, progress, cancel);
        SweepTable.Write(output, candidates);
        return new SweepReport(Path.GetFullPath(output), [.. candidates.Select(candidate => candidate.Name)], reports);
    }
}
