using System.Collections.Immutable;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Merging.Deltas;
using DemEngine.Recipes;

namespace DemEngine.Merging;

/// <summary>
/// Merges into memory, one recipe after another that differ in their parameters only: the models are opened and matched once, the memory
/// is allocated once, and nothing is written. The bytes are those that <see cref="OutputRun"/> would write, since the same pipeline makes
/// them. Not for several threads at once.
/// </summary>
public sealed class MemoryMerge : IDisposable
{
    private readonly MatchedModels _models;
    private readonly IMergeBackend _backend;
    private readonly RunOptions _options;
    private readonly Dictionary<string, MemoryTensor> _tensors = new(StringComparer.Ordinal);

    private MemoryMerge(MatchedModels models, IMergeBackend backend, RunOptions options)
    {
        _models = models;
        _backend = backend;
        _options = options;
    }

    /// <summary>The base, then the sources in the recipe's order, then those of its stages, with their fingerprints.</summary>
    public ImmutableArray<ManifestInput> Inputs => _models.Inputs;

    /// <summary>The small files that belong to the merged model, by name.</summary>
    public IReadOnlyDictionary<string, byte[]> SideFiles => _models.SmallFiles;

    /// <summary>The names of the tensors of every merge.</summary>
    public IEnumerable<string> TensorNames => _models.Specs.Select(spec => spec.Name);

    /// <summary>The folder that the side files come from.</summary>
    public string BaseFolder => _models.BaseFolder;

    /// <summary>Opens the models of a recipe.</summary>
    /// <param name="recipe">Its paths resolved.</param>
    /// <param name="alignment">What to do where the models do not match.</param>
    /// <param name="backend">What computes; used until this is disposed.</param>
    /// <param name="options">Threads, buffers, and how files are read.</param>
    /// <exception cref="DemException">DEM2001 to DEM2023, DEM3003 to DEM3009.</exception>
    public static MemoryMerge Open(Recipe recipe, AlignmentOptions alignment, IMergeBackend backend, RunOptions options) =>
        new(MatchedModels.Open(recipe, alignment, options), backend, options);

    /// <summary>What a merge would read and write, for <see cref="OutputRun"/>; valid until this is disposed.</summary>
    /// <param name="recipe">The recipe that was opened, or one that differs from it in parameters only.</param>
    public OutputPlan Plan(Recipe recipe) => _models.Plan(recipe);

    /// <summary>Merges. What an earlier call made is overwritten.</summary>
    /// <param name="recipe">The recipe that was opened, or one that differs from it in parameters only.</param>
    /// <param name="cancel">Stops between tiles.</param>
    /// <exception cref="DemException">DEM4004: there are infinities or NaNs in it. DEM4003, DEM4005, DEM4007, DEM4010, DEM4011.</exception>
    public void Merge(Recipe recipe, CancellationToken cancel = default) => Merge(Plan(recipe), cancel);

    /// <summary>Merges as a plan of <see cref="Plan"/> says, which can be carried out once.</summary>
    internal void Merge(OutputPlan plan, CancellationToken cancel)
    {
        TileSize tile = TileSize.Choose(_options.For(_backend), plan.MostBuffers);
        foreach (OutputTensor tensor in plan.Tensors)
        {
            if (!_tensors.ContainsKey(tensor.Spec.Name))
                _tensors.Add(tensor.Spec.Name, new MemoryTensor(tensor.Spec));
        }

        var sink = new Sink(_tensors);
        var nonFinite = new List<NonFiniteTensor>();
        void Finished(JournalEntry entry)
        {
            lock (nonFinite)
                nonFinite.Add(new NonFiniteTensor(entry.Tensor, entry.NonFinite.Inputs, entry.NonFinite.Outputs));
        }

        PooledMeasurements.Run(plan.Tensors, tile, plan.InputBytes(tile), _backend, (_, _) => { }, cancel);
        TilePipeline.Run(
            [.. plan.Tensors.Zip(plan.Layout.Tensors, (tensor, place) => TensorGroup.Of([(tensor, sink, Finished)], place, tile.Bytes))],
            tile,
            plan.InputBytes(tile),
            _backend,
            (_, _) => { },
            cancel);
        foreach (Checkpoint checkpoint in plan.Checkpoints)
            checkpoint.CheckUnchanged();
        OutputRun.RefuseNonFinite([.. nonFinite], _options.NonFinite);
    }

    /// <summary>A tensor of the last merge, valid until the next; null if there is none of that name.</summary>
    public ITensorData? Find(string name) => _tensors.GetValueOrDefault(name);

    /// <summary>Frees the memory and closes the models.</summary>
    public void Dispose()
    {
        foreach (MemoryTensor tensor in _tensors.Values)
            tensor.Dispose();
        _models.Dispose();
    }

    private sealed class Sink(Dictionary<string, MemoryTensor> tensors) : ITileSink
    {
        public void Write(PlacedTensor place, long offset, ReadOnlySpan<byte> bytes) => tensors[place.Spec.Name].Write(offset, bytes);
    }
}
