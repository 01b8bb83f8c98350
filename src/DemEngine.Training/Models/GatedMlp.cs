using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace DemEngine.Training.Models;

/// <summary>
/// Computes W_down · (act(W_gate·x) ∘ W_up·x) (Shazeer, "GLU Variants Improve Transformer", https://arxiv.org/abs/2002.05202),
/// where act is SiLU, or in Gemma the approximation of GELU by tanh.
/// </summary>
/// <param name="gateUp">Gate and up projections as one matrix [2·I, H].</param>
/// <param name="down">Down projection [H, I].</param>
/// <param name="isGelu">Whether the gate passes through GELU.</param>
internal sealed class GatedMlp(Projection gateUp, Projection down, bool isGelu)
{
    // √(2/π) of GELU's approximation (Hendrycks and Gimpel, https://arxiv.org/abs/1606.08415, section 2).
    private const double GeluScale = 0.7978845608028654;

    private const double GeluCube = 0.044715;

    /// <summary>Applies the MLP.</summary>
    /// <param name="x">Input [N, H].</param>
    /// <returns>Output [N, H].</returns>
    public Tensor Apply(Tensor x)
    {
        Tensor[] halves = gateUp.Apply(x).chunk(2, -1);
        return down.Apply((isGelu ? Gelu(halves[0]) : silu(halves[0])) * halves[1]);
    }

    private static Tensor Gelu(Tensor x) => 0.5 * x * (1 + tanh(GeluScale * (x + (GeluCube * x.pow(3)))));
}
