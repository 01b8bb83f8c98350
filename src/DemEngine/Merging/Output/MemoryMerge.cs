using System.Collections.Immutable;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Pipeline;
using DemEngine.Merging.Planning;
using DemEngine.Merging.Tensors;
using DemEngine.Recipes;

namespace DemEngine.Merging.Output;

/// <summary>
/// Merges into memory, by recipes that differ in their parameters only: the models are opened and matched once, the memory is allocated once, and
/// nothing is written. The bytes are those that <see cref="OutputRun"/> would write, since the same <see cref="OutputGroup"/> makes them. Not for
/// several threads at once.
/// </summary>
public sealed class MemoryMerge : IDisposable
{
    /// <summary>Enough that reading and measuring are a small part of making them.</summary>
    private const int MaxModels = 16;

    private readonly MatchedModels _models;
    private readonly IMergeBackend _backend;
    private readonly RunOptions _options;
    private readonly List<MemoryModel> _merged = [];

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

    /// <summary>How many merges are made and held at a time: as many as the bound on memory has room for beside the buffers, and always one.</summary>
    public int MaxTogether =>
        (int)Math.Clamp(_options.MaxMemoryBytes / Math.Max(1, ModelBytes), 1, MaxModels);

    /// <summary>The folder that the side files come from.</summary>
    public string BaseFolder => _models.BaseFolder;

    private long ModelBytes => _models.Specs.Sum(spec => spec.ByteLength);

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
    public MemoryModel Merge(Recipe recipe, CancellationToken cancel = default)
    {
        MemoryModel model = MergeTogether([Plan(recipe)], cancel)[0];
        model.RefuseNonFinite(_options.NonFinite);
        return model;
    }

    /// <summary>
    /// Merges by several plans of <see cref="Plan"/>, each of which can be carried out once, from one reading of the inputs. Infinities and NaNs are
    /// nobody's business yet: they are wrong with one of the models, not with all.
    /// </summary>
    /// <param name="plans">At least one, and no more than <see cref="MaxTogether"/>.</param>
    /// <param name="cancel">Stops between tiles.</param>
    /// <returns>The models, in the order of the plans.</returns>
    internal ImmutableArray<MemoryModel> MergeTogether(ImmutableArray<OutputPlan> plans, CancellationToken cancel)
    {
        while (_merged.Count < plans.Length)
            _merged.Add(new MemoryModel(_models.Specs));
        IPlannedOutput[] outputs = [.. plans.Zip(_merged, (plan, model) => model.Output(plan))];

        // The models count: inputs are held in what they leave.
        TileSize tile = OutputGroup.TileFor(plans, _options, _backend);
        tile = tile with { MaxBytes = tile.MaxBytes - (plans.Length * ModelBytes) };
        new OutputGroup(outputs, tile).Run(_backend, (_, _) => { }, cancel);
        foreach (Checkpoint checkpoint in _models.Checkpoints)
            checkpoint.CheckUnchanged();
        return [.. _merged.Take(plans.Length)];
    }

    /// <summary>Frees the memory and closes the models.</summary>
    public void Dispose()
    {
        foreach (MemoryModel model in _merged)
            model.Free();
        _models.Dispose();
    }
}
