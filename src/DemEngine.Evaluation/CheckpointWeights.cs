using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Evaluation.Language;

namespace DemEngine.Evaluation;

/// <summary>The weights of a checkpoint on disk, in the form that evaluators take.</summary>
/// <param name="checkpoint">Checkpoint to read; it must stay open for as long as this object is used.</param>
public sealed class CheckpointWeights(Checkpoint checkpoint) : IModelWeights
{
    private readonly Lazy<LlamaConfig> _config =
        new(() => LlamaConfig.Read(Path.Combine(checkpoint.Folder, LlamaConfig.FileName)));

    /// <inheritdoc/>
    public string Name => checkpoint.Path;

    /// <inheritdoc/>
    public LlamaConfig Config => _config.Value;

    /// <inheritdoc/>
    public ImmutableArray<TensorSpec> Tensors { get; } = [.. checkpoint.Tensors.Select(tensor => tensor.Spec)];

    /// <inheritdoc/>
    public string Folder => checkpoint.Folder;

    /// <inheritdoc/>
    public ITensorData? Find(string name) => checkpoint.Find(name);
}
