using System.Collections.Immutable;
using System.Diagnostics;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Language;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Tensors;
using DemEngine.Recipes;

namespace DemEngine.Search.Trials;

/// <summary>
/// A candidate merge of a search. It is merged in memory, together with its group, when its first tensor is read, and written to
/// a folder when the folder is read; otherwise it is not made at all.
/// </summary>
/// <param name="merge">Merge that has the models open.</param>
/// <param name="recipe">Recipe with the coefficients to try.</param>
/// <param name="group">Group that makes the candidate in memory.</param>
/// <param name="index">Index of the candidate in its group.</param>
/// <param name="merging">Lock that is held while a candidate is written, since the merge is one for all of them.</param>
/// <param name="folder">
/// Folder that the candidate is written to if an external program reads it; deleted with the candidate.
/// </param>
/// <param name="backend">Backend that computes a candidate that is written.</param>
/// <param name="options">Run options for a candidate that is written.</param>
/// <param name="cancel">Token that stops merging.</param>
internal sealed class Candidate(
    MemoryMerge merge,
    Recipe recipe,
    CandidateGroup group,
    int index,
    Lock merging,
    string folder,
    IMergeBackend backend,
    RunOptions options,
    CancellationToken cancel)
    : IModelWeights, IDisposable
{
    private readonly Lock _lock = new();
    private MemoryModel? _model;
    private bool _isMerged;
    private bool _isWritten;

    public string Name => "the candidate";

    public LlamaConfig Config => ConfigOf(merge);

    public ImmutableArray<TensorSpec> Tensors => [.. group.Plans[index].PlannedTensors.Select(tensor => tensor.Spec)];

    /// <summary>Time spent merging this candidate, in seconds; its share where several were merged together.</summary>
    public double MergeSeconds { get; private set; }

    /// <summary>
    /// Time that this candidate waited for merging, in seconds. The first candidate of a group waits for all of them.
    /// </summary>
    public double WaitedSeconds { get; private set; }

    public string Folder
    {
        get
        {
            lock (_lock)
            {
                if (!_isWritten)
                {
                    lock (merging)
                    {
                        double seconds = Time(() =>
                        {
                            OutputPlan plan = merge.Plan(recipe);
                            merge.KeepInputs(plan);
                            OutputRun.Execute(plan, folder, backend, options, null, cancel);
                        });
                        WaitedSeconds += seconds;
                        MergeSeconds += seconds;
                    }
                }

                _isWritten = true;
                return folder;
            }
        }
    }

    /// <summary>Reads the configuration of the merged model.</summary>
    /// <exception cref="DemException">
    /// DEM2023 (BadSideFile): there is no configuration. DEM2101, DEM2102 (UnknownArchitecture, BadConfig): it is not a supported
    /// one.
    /// </exception>
    public static LlamaConfig ConfigOf(MemoryMerge merge) =>
        merge.SideFiles.TryGetValue(LlamaConfig.FileName, out byte[]? json)
            ? LlamaConfig.Parse(json, Path.Combine(merge.BaseFolder, LlamaConfig.FileName))
            : throw new DemException(
                ErrorCode.BadSideFile,
                $"{merge.BaseFolder}: there is no {LlamaConfig.FileName}, without which a model cannot be evaluated here");

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
