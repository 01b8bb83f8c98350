using DemEngine.Checkpoints;
using DemEngine.Numerics;
using DemEngine.Training.Models;
using static TorchSharp.torch;

namespace DemEngine.Training.Optimization;

/// <summary>All weights of a model in training.</summary>
internal sealed class TrainedModel : ITrainedWeights
{
    private readonly WorkingCopy _copy;

    /// <param name="start">Model to start from; it is copied.</param>
    /// <param name="type">Type in which the model computes.</param>
    /// <param name="device">Device that computes.</param>
    public TrainedModel(TorchModel start, ElementType type, Device device)
    {
        using Tensor wide = start.Weights.to_type(ScalarType.Float32);
        Vector = wide.to(device, copy: true).DetachFromDisposeScope();
        Best = start.Copy("the best weights");
        DecayedLength = start.Layout.MatrixLength;
        _copy = new WorkingCopy(Vector, type);
        Decoder = new LlamaDecoder(start.Layout, start.Config, _copy.Weights, _copy.PassGradients);
    }

    /// <inheritdoc/>
    public Tensor Vector { get; }

    /// <inheritdoc/>
    public long DecayedLength { get; }

    /// <inheritdoc/>
    public Tensor BestVector => Best.Weights;

    /// <inheritdoc/>
    public LlamaDecoder Decoder { get; }

    /// <inheritdoc/>
    public Tensor Gradient => _copy.Gradients;

    /// <inheritdoc/>
    public TorchModel Best { get; }

    /// <inheritdoc/>
    public IEnumerable<ITensorData> BestTensors => Best.Tensors.Select(tensor => Best.Find(tensor.Name)!);

    /// <inheritdoc/>
    public void StartGradient() => _copy.StartGradients();

    /// <inheritdoc/>
    public void AddPassGradient() => _copy.AddPassGradients();

    /// <inheritdoc/>
    public void Refresh() => _copy.Refresh();

    /// <inheritdoc/>
    public void KeepBest() => Best.Weights.copy_(Vector);

    public void Dispose()
    {
        Decoder.Dispose();
        _copy.Dispose();
        Best.Dispose();
        Vector.Dispose();
    }
}
