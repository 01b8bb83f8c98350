using System.Collections.Immutable;
using System.Diagnostics;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Tensors;
using DemEngine.Recipes;

namespace DemEngine.Search.Trials;

/// <summary>
/// Candidates that are tried one after the other, and merged together in memory, as a sweep merges them, when the first one's tensors are asked for. They are
/// there until another group of the same <see cref="MemoryMerge"/> is merged.
/// </summary>
internal sealed class CandidateGroup
{
    private readonly MemoryMerge _merge;
    private readonly RunOptions _options;
    private readonly Lock _lock = new();
    private ImmutableArray<MemoryModel> _models;

    /// <param name="merge">Has the models open.</param>
    /// <param name="first">The recipe of the candidate that is tried first.</param>
    /// <param name="others">Those of the next ones, as far as there is memory for them.</param>
    /// <param name="options">Says what to do about infinities and NaNs.</param>
    /// <exception cref="DemException">The first recipe's parameters cannot be merged by.</exception>
    public CandidateGroup(MemoryMerge merge, Recipe first, IEnumerable<Recipe> others, RunOptions options)
    {
        _merge = merge;
        _options = options;
        Plans = [merge.Plan(first), .. PlansOf(others).Take(merge.MaxTogether - 1)];
    }

    /// <summary>The candidates, the first one first.</summary>
    public ImmutableArray<OutputPlan> Plans { get; }

    /// <summary>How long merging took, shared out equally.</summary>
    public double SecondsEach { get; private set; }

    /// <summary>Merges all, unless that was done.</summary>
    /// <exception cref="DemException">Whatever merging may throw.</exception>
    public void Merge(CancellationToken cancel)
    {
        lock (_lock)
        {
            if (!_models.IsDefault)
                return;
            long start = Stopwatch.GetTimestamp();
            _models = _merge.MergeTogether(Plans, cancel);
            SecondsEach = Stopwatch.GetElapsedTime(start).TotalSeconds / Plans.Length;
        }
    }

    /// <summary>One of the candidates, once they are merged.</summary>
    /// <exception cref="DemException">DEM4004: there are infinities or NaNs in it.</exception>
    public MemoryModel Model(int index)
    {
        _models[index].RefuseNonFinite(_options.NonFinite);
        return _models[index];
    }

    /// <summary>A candidate that cannot be planned ends the search when its turn comes, and not before.</summary>
    private IEnumerable<OutputPlan> PlansOf(IEnumerable<Recipe> recipes)
    {
        foreach (Recipe recipe in recipes)
        {
            OutputPlan plan;
            try
            {
                plan = _merge.Plan(recipe);
            }
            catch (DemException)
            {
                yield break;
            }

            yield return plan;
        }
    }
}
