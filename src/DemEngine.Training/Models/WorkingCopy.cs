using DemEngine.Numerics;
using static TorchSharp.torch;

namespace DemEngine.Training.Models;

/// <summary>
/// The weights that a model computes with, and its gradients. In binary32 both are the optimiser's own. In bfloat16 the weights
/// are the optimiser's, rounded after each step, and the gradients of each pass are added up in binary32 (Micikevicius et al.,
/// "Mixed Precision Training", https://arxiv.org/abs/1710.03740, section 3.1).
/// </summary>
internal sealed class WorkingCopy : IDisposable
{
    private readonly Tensor _master;

    /// <param name="master">Vector [all weights] of the optimiser, binary32.</param>
    /// <param name="type">Type in which the model computes.</param>
    public WorkingCopy(Tensor master, ElementType type)
    {
        _master = master;
        Weights = type == ElementType.F32 ? master : master.to_type(ScalarType.BFloat16).DetachFromDisposeScope();
        Gradients = zeros_like(master).DetachFromDisposeScope();
        PassGradients = type == ElementType.F32 ? Gradients : zeros_like(Weights).DetachFromDisposeScope();
    }

    /// <summary>Vector [all weights], in the type of the computation.</summary>
    public Tensor Weights { get; }

    /// <summary>Gradients [all weights], binary32: the sum over the passes of a step.</summary>
    public Tensor Gradients { get; }

    /// <summary>Gradients [all weights], in the type of the computation; backward passes add to them.</summary>
    public Tensor PassGradients { get; }

    private bool IsCopy => !ReferenceEquals(Weights, _master);

    /// <summary>Sets the gradients to 0. Called before the first pass of a step.</summary>
    /// <remarks>
    /// Does not use <c>zero_</c>: in TorchSharp 0.107.0 that returns a second tensor, which stays until it is disposed.
    /// </remarks>
    public void StartGradients() => Gradients.fill_(0);

    /// <summary>Adds the gradients of a pass to those of the step. Called after each pass.</summary>
    public void AddPassGradients()
    {
        if (!IsCopy)
            return;
        Gradients.add_(PassGradients);
        PassGradients.fill_(0);
    }

    /// <summary>Updates the weights from the optimiser's. Called after each step.</summary>
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
