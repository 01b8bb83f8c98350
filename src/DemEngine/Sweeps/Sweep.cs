using System.Collections.Immutable;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Merging.Tensors;
using DemEngine.Recipes;
using DemEngine.Recipes.Values;

namespace DemEngine.Sweeps;

/// <summary>One merge of a sweep.</summary>
/// <param name="Name">Of its folder: its parameters and their values.</param>
/// <param name="Recipe">With these values.</param>
public sealed record SweepCandidate(string Name, Recipe Recipe);

/// <summary>What a sweep did.</summary>
/// <param name="Output">The folder that holds the merges' folders.</param>
/// <param name="Candidates">The names of all merges.</param>
/// <param name="Merges">Those made by this run; the others were there already.</param>
public sealed record SweepReport(string Output, IReadOnlyList<string> Candidates, IReadOnlyList<RunReport> Merges);

/// <summary>
/// Many merges of the same models by recipes that differ in numbers only: every part of the inputs is read once for all of them, and what is measured
/// alike is measured once.
/// </summary>
public static class Sweep
{
    /// <summary>The most merges in one sweep.</summary>
    public const int MaxCandidates = 1000;

    /// <summary>Every combination of the axes' values, the last axis first to change.</summary>
    /// <param name="recipe">What is merged. The values take the place of its own.</param>
    /// <param name="axes">Parameters and values.</param>
    /// <exception cref="DemException">DEM1001: an axis does not fit the recipe, or there are too many combinations.</exception>
    public static ImmutableArray<SweepCandidate> Candidates(Recipe recipe, IReadOnlyList<SweepAxis> axes)
    {
        foreach (SweepAxis axis in axes)
        {
            if (axis.Model >= recipe.Models.Count)
                throw new DemException(ErrorCode.BadArgument, $"--set models[{axis.Model}].{axis.Parameter}: the recipe has {recipe.Models.Count} models");
            if (axes.Any(other => other != axis && other.Model == axis.Model && other.Parameter == axis.Parameter))
                throw new DemException(ErrorCode.BadArgument, $"--set gives {axis.Parameter} twice");
        }

        if (axes.Aggregate(1.0, (product, axis) => product * axis.Values.Length) > MaxCandidates)
            throw new DemException(ErrorCode.BadArgument, $"these are more than {MaxCandidates} merges");

        IEnumerable<SweepCandidate> candidates = [new SweepCandidate("", recipe)];
        foreach (SweepAxis axis in axes)
        {
            candidates = candidates.SelectMany(candidate => axis.Values.Select(value => new SweepCandidate(
                candidate.Name.Length == 0 ? axis.NameOf(value) : $"{candidate.Name},{axis.NameOf(value)}",
                candidate.Recipe.With(new Parameter(axis.Parameter, new NumberValue((double)value)), axis.Model))));
        }

        return [.. candidates];
    }

    /// <summary>Makes the merges. Of an interrupted sweep, what is complete stays.</summary>
    /// <param name="candidates">At least one.</param>
    /// <param name="output">The folder for their folders.</param>
    /// <param name="alignment">What to do where the models do not match.</param>
    /// <param name="backend">What computes.</param>
    /// <param name="options">How. To resume means to make what is not there yet.</param>
    /// <param name="progress">Told where the run stands, from any thread, often.</param>
    /// <param name="cancel">Stops between tiles; the sweep can then be resumed.</param>
    /// <exception cref="DemException">Anything documented may go wrong.</exception>
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

        using var merge = MemoryMerge.Open(candidates[0].Recipe, alignment, backend, options);
        OutputRequest[] requests =
        [
            .. candidates.Select(candidate => (Plan: merge.Plan(candidate.Recipe), Folder: Path.Combine(output, candidate.Name)))
                .Where(made => options.Unfinished != UnfinishedRun.Resume || !IsThere(made.Folder, made.Plan))
                .Select(made => new OutputRequest(made.Plan, made.Folder, OptionsFor(made.Folder, options))),
        ];
        IReadOnlyList<RunReport> reports = requests.Length == 0 ? [] : OutputRun.ExecuteTogether(requests, backend, progress, cancel);
        return new SweepReport(Path.GetFullPath(output), [.. candidates.Select(candidate => candidate.Name)], reports);
    }

    private static bool IsThere(string folder, OutputPlan plan) =>
        File.Exists(Path.Combine(folder, Manifest.FileName)) && Manifest.Read(folder) is var there
        && there.Recipe == plan.Recipe && there.Inputs.SequenceEqual(plan.Inputs);

    /// <summary>What an interrupted sweep had not begun has nothing to be resumed.</summary>
    private static RunOptions OptionsFor(string folder, RunOptions options) =>
        options.Unfinished == UnfinishedRun.Resume && !Directory.Exists(StagingDirectory.PathFor(folder))
            ? options with { Unfinished = UnfinishedRun.Refuse }
            : options;
}
