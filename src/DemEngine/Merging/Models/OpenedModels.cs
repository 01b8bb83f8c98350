using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Adapters;
using DemEngine.Checkpoints.Adapters.Changes;
using DemEngine.Checkpoints.Decoding;
using DemEngine.Checkpoints.Forms;
using DemEngine.Checkpoints.Pipelines;
using DemEngine.Files;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Options;
using DemEngine.Recipes;

namespace DemEngine.Merging.Models;

/// <summary>Opens and fingerprints the checkpoints of a recipe, each only once however often the recipe names it.</summary>
/// <param name="run">Run options, which say how the files are read and whether the plan is carried out.</param>
/// <param name="sources">Models that are no files, by name; null for none.</param>
internal sealed class OpenedModels(RunOptions run, ModelSources? sources = null) : IDisposable
{
    private readonly SpecPool _pool = new();
    private readonly ShardReaders _readers = new(run.Io, run.MaxMemoryBytes, run.PageCacheBytes);
    private readonly Dictionary<string, Checkpoint> _byPath = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Checkpoint> _adapters = new(StringComparer.Ordinal);
    private readonly PackedFactors _factors = new(run.MaxMemoryBytes);
    private readonly Dictionary<Checkpoint, string> _fingerprints = [];
    private readonly Dictionary<Checkpoint, InputModel> _inputs = [];

    /// <summary>Whether nothing is carried out, so that no whole tensor is read.</summary>
    public bool PlansOnly => run.PlansOnly || run.HeadersOnly;

    /// <summary>Whether nothing but headers is read, so that fingerprints are empty.</summary>
    public bool HeadersOnly => run.HeadersOnly;

    public ImmutableArray<Checkpoint> All => [.. _byPath.Values];

    /// <summary>Opens a model, with its adapter where it has one.</summary>
    public Checkpoint Open(ModelPath path)
    {
        if (path.Adapted is not { } adapted)
            return Open(KeyOf(path));
        string key = KeyOf(path);
        if (!_byPath.TryGetValue(key, out Checkpoint? checkpoint))
        {
            Checkpoint model = Open(sources?.Find(path.WrittenModel) is null ? adapted.Model : path.WrittenModel);
            checkpoint = AdaptedModel.Of(model, OpenAdapter(adapted.Adapter), adapted.Part, _factors);
            _byPath.Add(key, checkpoint);
        }

        return checkpoint;
    }

    /// <summary>
    /// Opens a model by its path, or with an adapter by <c>model+adapter</c>; all components of a pipeline as one model.
    /// </summary>
    public Checkpoint OpenPath(string path)
    {
        AdaptedPath? adapted = Path.Exists(path) ? null : AdaptedPath.Find(path);
        string root = adapted?.Model ?? path;
        if (!PipelineFolder.IsRoot(root))
            return Open(new ModelPath(path) { Adapted = adapted });
        if (!_byPath.TryGetValue(path, out Checkpoint? whole))
        {
            PipelineComponent[] components = PipelineModel.ComponentsOf(root);
            ImmutableArray<string> names = [.. components.Select(component => component.Name)];
            whole = Checkpoint.Together(path, [.. components.Select(component => (component.Name, Open(PathOf(component))))]);
            _byPath.Add(path, whole);

            ModelPath PathOf(PipelineComponent component) => adapted is null
                ? new ModelPath(component.Weights)
                : new ModelPath($"{component.Weights}+{adapted.Adapter}")
                {
                    Adapted = new AdaptedPath(component.Weights, adapted.Adapter) { Part = new(component.Name, names) },
                };
        }

        return whole;
    }

    private Checkpoint OpenAdapter(string path)
    {
        if (!_adapters.TryGetValue(path, out Checkpoint? adapter))
            _adapters.Add(path, adapter = Checkpoint.Open(AdapterFiles.Find(path), _readers, _pool));
        return adapter;
    }

    private Checkpoint Open(string path)
    {
        if (!_byPath.TryGetValue(path, out Checkpoint? checkpoint))
        {
            checkpoint = sources?.Find(path) is { } source
                ? Checkpoint.From(path, source)
                : Checkpoint.Open(path, _readers, _pool);
            _byPath.Add(path, checkpoint);
            _byPath[path] = checkpoint = DecodedModel.Of(checkpoint);
            PlainWeights.Require(checkpoint);
        }

        return checkpoint;
    }

    /// <summary>Gives what to open for a path of a recipe: the name of a model that is no file, or the resolved path.</summary>
    public string KeyOf(ModelPath path) => sources?.Find(path.Written) is null ? path.Resolved : path.Written;

    public InputModel InputOf(Checkpoint checkpoint)
    {
        if (!_inputs.TryGetValue(checkpoint, out InputModel? model))
            _inputs.Add(checkpoint, model = new InputModel(checkpoint));
        return model;
    }

    public string FingerprintOf(Checkpoint checkpoint)
    {
        if (HeadersOnly)
            return "";
        if (!_fingerprints.TryGetValue(checkpoint, out string? fingerprint))
            _fingerprints.Add(checkpoint, fingerprint = Fingerprint.Of(checkpoint));
        return fingerprint;
    }

    public void Dispose()
    {
        foreach (Checkpoint checkpoint in _byPath.Values.Concat(_adapters.Values))
            checkpoint.Dispose();
        _readers.Dispose();
    }
}
