using DemEngine.Checkpoints;
using DemEngine.Training.Models;
using static TorchSharp.torch;

namespace DemEngine.Training.Optimization;

/// <summary>What a training changes, as one vector: all weights of a model, or the factors of an adapter.</summary>
internal interface ITrainedWeights : IDisposable
{
    /// <summary>Vector [all trained numbers], binary32, which the optimiser changes.</summary>
    Tensor Vector { get; }

    /// <summary>Number of elements at the start of the vector that weight decay applies to.</summary>
    long DecayedLength { get; }

    /// <summary>The vector of the minimum validation loss, as <see cref="KeepBest"/> left it; on any device.</summary>
    Tensor BestVector { get; }

    /// <summary>The model that computes with the vector, and adds to its gradients.</summary>
    LlamaDecoder Decoder { get; }

    /// <summary>Gradient [all trained numbers], binary32: the sum over the passes of a step.</summary>
    Tensor Gradient { get; }

    /// <summary>The whole model with the best vector, in binary32. It changes as training proceeds.</summary>
    TorchModel Best { get; }

    /// <summary>The tensors of the whole model with the best vector, made as they are read.</summary>
    IEnumerable<ITensorData> BestTensors { get; }

    /// <summary>Sets the gradient to 0. Called before the first pass of a step.</summary>
    void StartGradient();

    /// <summary>Adds the gradient of a pass to that of the step. Called after each pass.</summary>
    void AddPassGradient();

    /// <summary>Makes the model compute with the vector as it is now. Called after each change of it.</summary>
    void Refresh();

    /// <summary>Keeps the vector as the best.</summary>
    void KeepBest();
}
