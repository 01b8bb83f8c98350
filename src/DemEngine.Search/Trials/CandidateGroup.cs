using System.Collections.Immutable;
using System.Diagnostics;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Tensors;
using DemEngine.Recipes;

namespace DemEngine.Search.Trials;

/// <summary>
/// Candidates that are tried one after the other, and that are merged together in memory, in one pass over the inputs, when the
/// first one's tensors are read. They are valid until another group of the same <see cref="MemoryMerge"/> is merged.
/// </summary>
internal sealed class CandidateGroup
{
    private readonly MemoryMerge _merge;
    private readonly RunOptions _options;
    private readonly Lock _lock = new();
    private ImmutableArray<MemoryModel> _models;

    /// <param name="merge">Merge that has the models open.</param>
    /// <param name="first">Recipe of the candidate that is tried first.</param>
    /// <param name="others">Recipes of the next candidates, which are included as far as memory allows.</param>
    /// <param name="options">Run options, which give the policy on infinities and NaNs.</param>
    /// <exception cref="DemException">The first recipe's parameters are not valid for a merge.</exception>
    public CandidateGroup(MemoryMerge merge, Recipe first, IEnumerable<Recipe> others, RunOptions options)
    {
        _merge = merge;
        _options = options;
        Plans = [merge.Plan(first), .. PlansOf(others).Take(merge.MaxTogether - 1)];
    }

    /// <summary>Plans of the candidates, that of the first one first.</summary>
    public ImmutableArray<OutputPlan> Plans { get; }

    /// <summary>Time spent merging, in seconds, divided equally among the candidates.</summary>
    public double SecondsEach { get; private set; }

    /// <summary>Merges all candidates, unless that was done already.</summary>
    /// <exception cref="DemException">Any error of merging.</exception>
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

    /// <summary>Returns one of the candidates, once they are merged.</summary>
    /// <exception cref="DemException">DEM4004 (NonFiniteOutput): the candidate has infinities or NaNs.</exception>
    public MemoryModel Model(int index)
    {
        _models[index].RefuseNonFinite(_options.NonFinite);
        return _models[index];
    }

    /// <summary>
    /// Plans candidates up to the first that cannot be planned. The error of that one ends the search when its turn comes, and
    /// not before.
    /// </summary>
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
