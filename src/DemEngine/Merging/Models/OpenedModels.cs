using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Forms;
using DemEngine.Merging.Inputs;

namespace DemEngine.Merging.Models;

/// <summary>Opens and fingerprints the checkpoints of a recipe, each only once however often the recipe names it.</summary>
internal sealed class OpenedModels(IoMode io, ModelSources? sources = null) : IDisposable
{
    private readonly Dictionary<string, Checkpoint> _byPath = new(StringComparer.Ordinal);
    private readonly Dictionary<Checkpoint, string> _fingerprints = [];
    private readonly Dictionary<Checkpoint, InputModel> _inputs = [];

    public ImmutableArray<Checkpoint> All => [.. _byPath.Values];

    public Checkpoint Open(string path)
    {
        if (!_byPath.TryGetValue(path, out Checkpoint? checkpoint))
        {
            checkpoint = sources?.Find(path) is { } source ? Checkpoint.From(path, source) : Checkpoint.Open(path, io);
            _byPath.Add(path, checkpoint);
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
    }
}
