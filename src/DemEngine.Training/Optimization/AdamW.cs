using DemEngine.Training.Settings;
using static TorchSharp.torch;

namespace DemEngine.Training.Optimization;

/// <summary>
/// AdamW (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", https://arxiv.org/abs/1711.05101, algorithm 2; moments
/// of Kingma and Ba, https://arxiv.org/abs/1412.6980): m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², then
/// θ ← θ − ηλθ − η · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε). The decay applies to matrices, not to normalisations. All of it is
/// computed in binary32.
/// </summary>
internal sealed class AdamW : IDisposable
{
    private readonly Tensor _weights;
    private readonly Tensor _matrices;
    private readonly AdamWOptions _options;

    /// <param name="weights">Vector θ [all weights], binary32; overwritten at each step.</param>
    /// <param name="decayed">Number of elements at the start of the vector that weight decay applies to.</param>
    /// <param name="options">Hyperparameters.</param>
    public AdamW(Tensor weights, long decayed, AdamWOptions options)
    {
        _weights = weights;
        _matrices = weights.narrow(0, 0, decayed).DetachFromDisposeScope();
        _options = options;
        FirstMoment = zeros_like(weights).DetachFromDisposeScope();
        SecondMoment = zeros_like(weights).DetachFromDisposeScope();
    }

    /// <summary>First moment m [all weights].</summary>
    public Tensor FirstMoment { get; }

    /// <summary>Second moment v [all weights].</summary>
    public Tensor SecondMoment { get; }

    /// <summary>Takes one step.</summary>
    /// <param name="gradient">Gradient g [all weights].</param>
    /// <param name="rate">Learning rate η.</param>
    /// <param name="step">Number t of the step, counted from 1.</param>
    public void Step(Tensor gradient, double rate, long step)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var (beta1, beta2) = (_options.Beta1, _options.Beta2);
        FirstMoment.mul_(beta1).add_(gradient, 1 - beta1);
        SecondMoment.mul_(beta2).addcmul_(gradient, gradient, 1 - beta2);
        if (_options.WeightDecay != 0)
            _matrices.mul_(1 - (rate * _options.WeightDecay));
        Tensor denominator = SecondMoment.sqrt().mul_(1 / Math.Sqrt(1 - Math.Pow(beta2, step))).add_(_options.Epsilon);
        _weights.addcdiv_(FirstMoment, denominator, -rate / (1 - Math.Pow(beta1, step)));
    }

    public void Dispose()
    {
        _matrices.Dispose();
        FirstMoment.Dispose();
        SecondMoment.Dispose();
    }
}
