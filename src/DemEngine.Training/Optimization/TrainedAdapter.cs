using DemEngine.Checkpoints;
using DemEngine.Numerics;
using DemEngine.Training.Models;
using DemEngine.Training.Settings;
using static TorchSharp.torch;

namespace DemEngine.Training.Optimization;

/// <summary>
/// The factors of an adapter in training, over a model that stays as it is, in the type in which it was read: neither its
/// gradients nor a second copy of it are kept.
/// </summary>
internal sealed class TrainedAdapter : ITrainedWeights
{
    private readonly TorchModel _start;
    private readonly LoraFactors _factors;
    private readonly Tensor _weights;
    private TorchModel? _best;
    private bool _isBestCurrent;

    /// <param name="start">Model to start from. It is not changed, and must live as long as this object.</param>
    /// <param name="options">Options of the adapter.</param>
    /// <param name="seed">Random seed of the factors.</param>
    /// <param name="type">Type in which the model computes.</param>
    /// <param name="device">Device that computes.</param>
    public TrainedAdapter(TorchModel start, LoraOptions options, long seed, ElementType type, Device device)
    {
        _start = start;
        // On the processor this is the model's own vector.
        _weights = start.Weights.to(device).DetachFromDisposeScope();
        _factors = new LoraFactors(start.Layout, options, seed, device);
        BestVector = _factors.Vector.clone().DetachFromDisposeScope();
        Decoder = new LlamaDecoder(
            start.Layout,
            start.Config,
            _weights,
            TorchTypes.Of(type),
            _factors.Changes);
    }

    /// <inheritdoc/>
    public Tensor Vector => _factors.Vector;

    /// <inheritdoc/>
    public long DecayedLength => Vector.NumberOfElements;

    /// <inheritdoc/>
    public Tensor BestVector { get; }

    /// <inheritdoc/>
    public LlamaDecoder Decoder { get; }

    /// <inheritdoc/>
    public Tensor Gradient => _factors.Gradient;

    /// <inheritdoc/>
    public TorchModel Best
    {
        get
        {
            using var none = no_grad();
            _best ??= new TorchModel(
                "the best weights",
                _start.Config,
                _start.Layout,
                _start.Weights.to_type(ScalarType.Float32, copy: true).DetachFromDisposeScope());
            if (!_isBestCurrent)
            {
                using var scope = NewDisposeScope();
                _factors.Write(BestVector.cpu(), _start.Weights, _best.Weights);
                _isBestCurrent = true;
            }

            return _best;
        }
    }

    /// <inheritdoc/>
    public IEnumerable<ITensorData> BestTensors
    {
        get
        {
            Tensor vector = BestVector.cpu();
            return _start.Tensors.Select(tensor =>
                _factors.Merged(tensor, vector, _start.Weights) ?? _start.Find(tensor.Name)!);
        }
    }

    /// <summary>The best factors under PEFT's names.</summary>
    public IEnumerable<ITensorData> BestFactors => _factors.Tensors(BestVector.cpu());

    /// <inheritdoc/>
    public void StartGradient() => Gradient.fill_(0);

    /// <inheritdoc/>
    public void AddPassGradient()
    {
        // Backward passes add to the step's own gradient.
    }

    /// <inheritdoc/>
    public void Refresh()
    {
        // The model computes with the vector itself.
    }

    /// <inheritdoc/>
    public void KeepBest()
    {
        BestVector.copy_(Vector);
        _isBestCurrent = false;
    }

    public void Dispose()
    {
        Decoder.Dispose();
        _factors.Dispose();
        BestVector.Dispose();
        _best?.Dispose();
        _weights.Dispose();
    }
}
