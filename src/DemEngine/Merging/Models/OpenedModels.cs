using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Decoding;
using DemEngine.Checkpoints.Forms;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Options;

namespace DemEngine.Merging.Models;

/// <summary>Opens and fingerprints the checkpoints of a recipe, each only once however often the recipe names it.</summary>
/// <param name="run">Run options, which say how the files are read and whether the plan is carried out.</param>
/// <param name="sources">Models that are no files, by name; null for none.</param>
internal sealed class OpenedModels(RunOptions run, ModelSources? sources = null) : IDisposable
{
    private readonly SpecPool _pool = new();
    private readonly ShardReaders _readers = new(run.Io, run.MaxMemoryBytes);
    private readonly Dictionary<string, Checkpoint> _byPath = new(StringComparer.Ordinal);
    private readonly Dictionary<Checkpoint, string> _fingerprints = [];
    private readonly Dictionary<Checkpoint, InputModel> _inputs = [];

    /// <summary>Whether nothing is carried out, so that no whole tensor is read.</summary>
    public bool PlansOnly => run.PlansOnly;

    public ImmutableArray<Checkpoint> All => [.. _byPath.Values];

    public Checkpoint Open(string path)
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
    public string KeyOf(string written, string resolved) => sources?.Find(written) is null ? resolved : written;

    public InputModel InputOf(Checkpoint checkpoint)
    {
        if (!_inputs.TryGetValue(checkpoint, out InputModel? model))
            _inputs.Add(checkpoint, model = new InputModel(checkpoint));
        return model;
    }

    public string FingerprintOf(Checkpoint checkpoint)
    {
        if (!_fingerprints.TryGetValue(checkpoint, out string? fingerprint))
            _fingerprints.Add(checkpoint, fingerprint = Fingerprint.Of(checkpoint));
        return fingerprint;
    }

    public void Dispose()
    {
        foreach (Checkpoint checkpoint in _byPath.Values)
            checkpoint.Dispose();
        _readers.Dispose();
    }
}
