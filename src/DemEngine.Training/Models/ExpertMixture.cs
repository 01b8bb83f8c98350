using System.Collections.Immutable;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace DemEngine.Training.Models;

/// <summary>
/// A layer's MLPs among which a router chooses for each token: Σ pᵢ·MLPᵢ(x) over the k experts with the largest probabilities,
/// which are divided by their sum (Jiang et al., "Mixtral of Experts", https://arxiv.org/abs/2401.04088, section 2.1). There is
/// no loss that balances the experts.
/// </summary>
/// <param name="router">Matrix of the router [experts, H].</param>
/// <param name="experts">The experts.</param>
/// <param name="chosen">Number k of experts that a token passes through.</param>
internal sealed class ExpertMixture(Projection router, ImmutableArray<GatedMlp> experts, int chosen)
{
    /// <summary>Applies the mixture.</summary>
    /// <param name="x">Input [N, H].</param>
    /// <returns>Output [N, H].</returns>
    public Tensor Apply(Tensor x)
    {
        Tensor scores = router.Apply(x);
        Tensor probabilities = softmax(scores.to_type(ScalarType.Float32), -1);
        (Tensor weights, Tensor which) = probabilities.topk(chosen, -1);
        weights = weights / weights.sum(-1, keepdim: true);
        Tensor sum = zeros_like(x);
        for (int expert = 0; expert < experts.Length; expert++)
        {
            // A token chooses an expert at most once, so that a row of a sum is the weight of that choice.
            Tensor isChosen = which == expert;
            Tensor rows = isChosen.any(-1).nonzero().view(-1);
            if (rows.shape[0] == 0)
                continue;
            Tensor weight = (weights * isChosen).sum(-1, keepdim: true).index_select(0, rows).to_type(x.dtype);
            sum = sum.index_add(0, rows, experts[expert].Apply(x.index_select(0, rows)) * weight, 1);
        }

        return sum;
    }
}
