using System.Collections.Immutable;
using System.Diagnostics;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Language;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Recipes;

namespace DemEngine.Search.Trials;

/// <summary>
/// A merge that is tried: made in memory, with its group, when its first tensor is asked for, or written to a folder when that is, and otherwise not at all.
/// </summary>
/// <param name="merge">Has the models open.</param>
/// <param name="recipe">With the coefficients to be tried.</param>
/// <param name="group">Makes it in memory.</param>
/// <param name="index">Its place in the group.</param>
/// <param name="folder">Where it goes if a program outside wants to read it; deleted with it.</param>
/// <param name="backend">What computes.</param>
/// <param name="options">How.</param>
/// <param name="cancel">Stops merging.</param>
internal sealed class Candidate(
    MemoryMerge merge, Recipe recipe, CandidateGroup group, int index, string folder, IMergeBackend backend, RunOptions options, CancellationToken cancel)
    : IModelWeights, IDisposable
{
    private readonly Lock _lock = new();
    private MemoryModel? _model;
    private bool _isMerged;
    private bool _isWritten;

    public string Name => "the candidate";

    public LlamaConfig Config => ConfigOf(merge);

    public ImmutableArray<TensorSpec> Tensors => [.. group.Plans[index].PlannedTensors.Select(tensor => tensor.Spec)];

    /// <summary>How long merging took: of what was merged together, its share.</summary>
    public double MergeSeconds { get; private set; }

    /// <summary>How long this candidate waited for it, which its group's first one does for all.</summary>
    public double WaitedSeconds { get; private set; }

    public string Folder
    {
        get
        {
            lock (_lock)
            {
                if (!_isWritten)
                {
                    double seconds = Time(() => OutputRun.Execute(merge.Plan(recipe), folder, backend, options, null, cancel));
                    WaitedSeconds += seconds;
                    MergeSeconds += seconds;
                }

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
            {
                WaitedSeconds += Time(() => group.Merge(cancel));
                MergeSeconds += group.SecondsEach;
                _isMerged = true;
            }

            return (_model ??= group.Model(index)).Find(name);
        }
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
