using DemEngine.Numerics;
using static TorchSharp.torch;

namespace DemEngine.Training.Models;

/// <summary>
/// The weights that a model computes with, and its gradients. In binary32 both are the optimiser's own. In bfloat16 the weights are the
/// optimiser's, rounded after each step, and the gradients of each pass are added up in binary32 (Micikevicius et al., "Mixed Precision
/// Training", https://arxiv.org/abs/1710.03740, section 3.1).
/// </summary>
internal sealed class WorkingCopy : IDisposable
{
    private readonly Tensor _master;

    /// <param name="master">[all weights], binary32; the optimiser's.</param>
    /// <param name="type">In which the model computes.</param>
    public WorkingCopy(Tensor master, ElementType type)
    {
        _master = master;
        Weights = type == ElementType.F32 ? master : master.to_type(ScalarType.BFloat16).DetachFromDisposeScope();
        Gradients = zeros_like(master).DetachFromDisposeScope();
        PassGradients = type == ElementType.F32 ? Gradients : zeros_like(Weights).DetachFromDisposeScope();
    }

    /// <summary>[all weights], in the type of the computation.</summary>
    public Tensor Weights { get; }

    /// <summary>[all weights], binary32: the sum over the passes of a step.</summary>
    public Tensor Gradients { get; }

    /// <summary>[all weights], in the type of the computation: where a backward pass adds to.</summary>
    public Tensor PassGradients { get; }

    private bool IsCopy => !ReferenceEquals(Weights, _master);

    /// <summary>Before the first pass of a step.</summary>
    /// <remarks>Not by <c>zero_</c>: TorchSharp 0.107.0 returns a second tensor from it, which stays until somebody disposes of it.</remarks>
    public void StartGradients() => Gradients.fill_(0);

    /// <summary>After each pass.</summary>
    public void AddPassGradients()
    {
        if (!IsCopy)
            return;
        Gradients.add_(PassGradients);
        PassGradients.fill_(0);
    }

    /// <summary>After a step.</summary>
    public void Refresh()
    {
        if (IsCopy)
            Weights.copy_(_master);
    }

    public void Dispose()
    {
        if (IsCopy)
        {
            Weights.Dispose();
            PassGradients.Dispose();
        }

        Gradients.Dispose();
    }
}
