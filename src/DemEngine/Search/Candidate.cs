using System.Collections.Immutable;
using System.Diagnostics;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Evaluation;
using DemEngine.Language;
using DemEngine.Merging;
using DemEngine.Recipes;

namespace DemEngine.Search;

/// <summary>
/// A merge that is tried: made in memory when its first tensor is asked for, or written to a folder when that is, and otherwise not at all.
/// </summary>
/// <param name="merge">Has the models open.</param>
/// <param name="recipe">With the coefficients to be tried.</param>
/// <param name="folder">Where it goes if a program outside wants to read it; deleted with it.</param>
/// <param name="backend">What computes.</param>
/// <param name="options">How.</param>
/// <param name="cancel">Stops merging.</param>
internal sealed class Candidate(
    MemoryMerge merge, Recipe recipe, string folder, IMergeBackend backend, RunOptions options, CancellationToken cancel) : IModelWeights, IDisposable
{
    private readonly Lock _lock = new();
    private readonly OutputPlan _plan = merge.Plan(recipe);
    private bool _isMerged;
    private bool _isWritten;

    public string Name => "the candidate";

    public LlamaConfig Config => ConfigOf(merge);

    public ImmutableArray<TensorSpec> Tensors => [.. _plan.PlannedTensors.Select(tensor => tensor.Spec)];

    /// <summary>How long merging took.</summary>
    public double MergeSeconds { get; private set; }

    public string Folder
    {
        get
        {
            lock (_lock)
            {
                if (!_isWritten)
                    MergeSeconds += Time(() => OutputRun.Execute(merge.Plan(recipe), folder, backend, options, null, cancel));
                _isWritten = true;
                return folder;
            }
        }
    }

    /// <summary>The configuration of the merged model.</summary>
    /// <exception cref="DemException">DEM2023: it has none. DEM2101, DEM2102: it is not one that is known.</exception>
    public static LlamaConfig ConfigOf(MemoryMerge merge) => merge.SideFiles.TryGetValue(LlamaConfig.FileName, out byte[]? json)
        ? LlamaConfig.Parse(json, Path.Combine(merge.BaseFolder, LlamaConfig.FileName))
        : throw new DemException(ErrorCode.BadSideFile, $"{merge.BaseFolder}: there is no {LlamaConfig.FileName}, without which a model cannot be evaluated here");

    public ITensorData? Find(string name)
    {
        lock (_lock)
        {
            if (!_isMerged)
                MergeSeconds += Time(() => merge.Merge(_plan, cancel));
            _isMerged = true;
        }

        return merge.Find(name);
    }

    public void Dispose()
    {
        if (_isWritten && Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    private static double Time(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
