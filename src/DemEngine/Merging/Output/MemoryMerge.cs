using System.Collections.Immutable;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Options;
using DemEngine.Merging.Pipeline;
using DemEngine.Merging.Planning;
using DemEngine.Merging.Tensors;
using DemEngine.Recipes;

namespace DemEngine.Merging.Output;

/// <summary>
/// Merges into memory by recipes that differ in their parameters only: the models are opened and matched once, the memory is
/// allocated once, and nothing is written to disk. A device keeps the models in its memory, as far as they fit, so that all
/// merges but the first move only their results. The bytes are those that <see cref="OutputRun"/> would write, since the same
/// <see cref="OutputGroup"/> makes them. Not thread-safe.
/// </summary>
public sealed class MemoryMerge : IDisposable
{
    /// <summary>
    /// Maximum number of merges made together; enough that reading inputs and computing statistics are a small part of the work.
    /// </summary>
    private const int MaxModels = 16;

    private readonly MatchedModels _models;
    private readonly IMergeBackend _backend;
    private readonly RunOptions _options;
    private readonly List<MemoryModel> _merged = [];
    private IDisposable? _kept;

    private MemoryMerge(MatchedModels models, IMergeBackend backend, RunOptions options)
    {
        _models = models;
        _backend = backend;
        _options = options;
    }

    /// <summary>
    /// Inputs with their fingerprints: the base, then the sources in the recipe's order, then those of its upstream recipes.
    /// </summary>
    public ImmutableArray<ManifestInput> Inputs => _models.Inputs;

    /// <summary>Small files that belong to the merged model, by their paths in its folder, with slashes.</summary>
    public IReadOnlyDictionary<string, byte[]> SideFiles => _models.SmallFiles;

    /// <summary>Names of the tensors of every merge.</summary>
    public IEnumerable<string> TensorNames => _models.Specs.Select(spec => spec.Name);

    /// <summary>
    /// Maximum number of merges that are made and kept in memory at a time. As many as the memory bound allows beside the
    /// buffers, and at least one.
    /// </summary>
    public int MaxTogether => MemoryBudget.ResultsWithin(_options, ModelBytes, MaxModels);

    /// <summary>Path of the folder that supplies the side files.</summary>
    public string BaseFolder => _models.BaseFolder;

    private long ModelBytes => _models.Specs.Sum(spec => spec.ByteLength);

    /// <summary>Opens the models of a recipe.</summary>
    /// <param name="recipe">The recipe, with resolved paths.</param>
    /// <param name="alignment">Policies for tensors and vocabularies that do not match.</param>
    /// <param name="backend">Backend that computes the merges; used until this object is disposed.</param>
    /// <param name="options">Run options; they set the threads, the memory bound and the I/O mode.</param>
    /// <exception cref="DemException">
    /// DEM2001 to DEM2023: a checkpoint cannot be used or does not match. DEM3003 to DEM3009: the recipe is wrong.
    /// </exception>
    public static MemoryMerge Open(Recipe recipe, AlignmentOptions alignment, IMergeBackend backend, RunOptions options)
    {
        // Every merge reads the inputs again, so that they are better left in the page cache.
        RunOptions again = options.Io == IoMode.Auto ? options with { Io = IoMode.Mmap } : options;
        return OpenOnce(recipe, alignment, backend, again);
    }

    /// <summary>Opens the models for outputs that are all made together, so that the inputs are read once.</summary>
    internal static MemoryMerge OpenOnce(
        Recipe recipe, AlignmentOptions alignment, IMergeBackend backend, RunOptions options) =>
        new(MatchedModels.Open(recipe, alignment, options), backend, options);

    /// <summary>
    /// Plans what a merge would read and write, for <see cref="OutputRun"/>. The plan is valid until this object is disposed.
    /// </summary>
    /// <param name="recipe">The recipe that was opened, or one that differs from it in parameters only.</param>
    public OutputPlan Plan(Recipe recipe) => _models.Plan(recipe);

    /// <summary>Merges by one recipe. The result overwrites that of an earlier call.</summary>
    /// <param name="recipe">The recipe that was opened, or one that differs from it in parameters only.</param>
    /// <param name="cancel">Token that stops the merge between tiles.</param>
    /// <exception cref="DemException">
    /// DEM4004 (NonFiniteOutput): the result holds infinities or NaNs. DEM4003 (ReadFailed), DEM4005 (InputChanged), DEM4007
    /// (OutOfMemory), DEM4010 (DeviceOutOfMemory), DEM4011 (DeviceFailed).
    /// </exception>
    public MemoryModel Merge(Recipe recipe, CancellationToken cancel = default)
    {
        MemoryModel model = MergeTogether([Plan(recipe)], cancel)[0];
        model.RefuseNonFinite(_options.NonFinite);
        return model;
    }

    /// <summary>
    /// Merges by several plans made by <see cref="Plan"/>, reading the inputs once. Each plan can be carried out only once.
    /// Infinities and NaNs are not refused here, since they concern one of the models and not all of them.
    /// </summary>
    /// <param name="plans">Plans to carry out; at least one and at most <see cref="MaxTogether"/>.</param>
    /// <param name="cancel">Token that stops the merge between tiles.</param>
    /// <returns>The models, in the order of the plans.</returns>
    internal ImmutableArray<MemoryModel> MergeTogether(ImmutableArray<OutputPlan> plans, CancellationToken cancel)
    {
        if (_models.IsQuantized)
            throw new DemException(
                ErrorCode.UnsupportedFeature,
                "a merge that stays in memory is plain; leave `out_dtype` out, and convert the model that is chosen");
        while (_merged.Count < plans.Length)
            _merged.Add(new MemoryModel(_models.Specs));
        KeepInputs(plans[0]);
        IPlannedOutput[] outputs = [.. plans.Zip(_merged, (plan, model) => model.Output(plan))];

        // The merged models count towards the memory bound; inputs are cached in what they leave.
        MemoryBudget budget = OutputGroup.BudgetFor(plans, _options, _backend).WithResults(plans.Length * ModelBytes);
        new OutputGroup(outputs, budget).Run(_backend, (_, _) => { }, cancel);
        foreach (Checkpoint checkpoint in _models.Checkpoints)
            checkpoint.CheckUnchanged();
        return [.. _merged.Take(plans.Length)];
    }

    /// <summary>
    /// Lets the backend keep the models in a device's memory, until this object is disposed, for all that is planned here. What
    /// is not mapped, such as quantised tensors and adapters, is given to it anew each time.
    /// </summary>
    /// <param name="plan">Any plan made by <see cref="Plan"/>.</param>
    internal void KeepInputs(OutputPlan plan) => _kept ??= _backend.KeepBetweenRuns(
    [
        .. plan.Tensors.SelectMany(tensor => tensor.GivenToBackend)
            .Distinct()
            .Select(input => input.InMemory)
            .OfType<NativeBytes>(),
    ]);

    /// <summary>Frees the memory and closes the models.</summary>
    public void Dispose()
    {
        _kept?.Dispose();
        foreach (MemoryModel model in _merged)
            model.Free();
        _models.Dispose();
    }
}
