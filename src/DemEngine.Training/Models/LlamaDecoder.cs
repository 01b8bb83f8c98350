using System.Collections.Immutable;
using DemEngine.Evaluation.Language;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace DemEngine.Training.Models;

/// <summary>
/// The forward pass of a decoder of the Llama architecture (Touvron et al., https://arxiv.org/abs/2302.13971, section 2.2), over weights
/// that are views of one vector. B is sequences, T positions, H hidden size, I intermediate size, D head size, Q and K heads of queries and
/// of keys, V vocabulary. Sequences of a batch are filled up at their end; being causal, the positions before are not touched by that.
/// </summary>
public sealed class LlamaDecoder : IDisposable
{
    private readonly LlamaConfig _config;
    private readonly ParameterLayout _layout;
    private readonly Tensor _weights;
    private readonly List<(Tensor Leaf, long Offset)> _leaves = [];
    private readonly Tensor _embedding;
    private readonly ImmutableArray<DecoderLayer> _layers;
    private readonly Tensor _norm;
    private readonly Tensor _head;
    private readonly RotaryTable _rotary;
    private readonly CausalMask _mask;
    private readonly double _attentionScale;

    /// <summary>Makes a decoder over weights, which stay the caller's and may be overwritten in place between calls.</summary>
    /// <param name="layout">Where each weight lies.</param>
    /// <param name="config">Of the model.</param>
    /// <param name="weights">[all weights], binary32 or bfloat16, in which is then computed; normalisation, softmax and loss always in binary32.</param>
    /// <param name="gradients">Of the same type and shape: where backward passes add up gradients; null where none are taken.</param>
    public LlamaDecoder(ParameterLayout layout, LlamaConfig config, Tensor weights, Tensor? gradients)
    {
        _config = config;
        _layout = layout;
        _weights = weights;
        using var scope = NewDisposeScope();
        int hidden = config.HiddenSize;
        _embedding = Matrix(LlamaTensors.Embedding, config.VocabularySize, hidden);
        _layers =
        [
            .. Enumerable.Range(0, config.Layers).Select(layer => new DecoderLayer(
                Vector(LlamaTensors.AttentionNorm(layer)),
                Matrix(LlamaTensors.Query(layer), config.QueryRows + (2 * config.KeyValueRows), hidden),
                Matrix(LlamaTensors.Output(layer), hidden, config.QueryRows),
                Vector(LlamaTensors.MlpNorm(layer)),
                Matrix(LlamaTensors.Gate(layer), 2 * config.IntermediateSize, hidden),
                Matrix(LlamaTensors.Down(layer), hidden, config.IntermediateSize))),
        ];
        _norm = Vector(LlamaTensors.Norm);
        _head = config.TieEmbeddings ? _embedding : Matrix(LlamaTensors.Head, config.VocabularySize, hidden);
        _rotary = new RotaryTable(config.HeadSize, config.RopeTheta, weights.dtype, weights.device);
        _mask = new CausalMask(weights.dtype, weights.device);
        _attentionScale = 1 / Math.Sqrt(config.HeadSize);
        if (gradients is not null)
            TakeGradients(gradients);
    }

    /// <summary>Passes sequences through the model.</summary>
    /// <param name="tokens">[B, T], int64.</param>
    /// <returns>[B·T, H]: the last layer's output, normalised; row b·T + t is position t of sequence b.</returns>
    public Tensor Hidden(Tensor tokens)
    {
        long batch = tokens.shape[0], length = tokens.shape[1];
        int queriesPerKey = _config.AttentionHeads / _config.KeyValueHeads;
        Tensor mask = _mask.Of(length);
        if (queriesPerKey > 1)
            mask = mask.repeat(queriesPerKey, 1);

        Tensor x = _embedding.index_select(0, tokens.view(-1));
        foreach (DecoderLayer layer in _layers)
        {
            x = x + Attention(Normalise(x, layer.AttentionNorm), layer, mask, batch, length);
            x = x + Mlp(Normalise(x, layer.MlpNorm), layer);
        }

        return Normalise(x, _norm);
    }

    /// <summary>The scores of what comes next.</summary>
    /// <param name="hidden">[N, H].</param>
    /// <returns>[N, V], binary32: logarithms of probabilities, up to a constant in each row.</returns>
    public Tensor Logits(Tensor hidden) => Wide(linear(hidden, _head));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (leaf, _) in _leaves)
            leaf.Dispose();
        _rotary.Dispose();
        _mask.Dispose();
    }

    /// <summary>x / √(mean(x²) + ε) · w (Zhang and Sennrich, "Root Mean Square Layer Normalization", https://arxiv.org/abs/1910.07467).</summary>
    /// <param name="x">[N, H].</param>
    /// <param name="weight">[H].</param>
    private Tensor Normalise(Tensor x, Tensor weight)
    {
        Tensor wide = Wide(x);
        Tensor scale = wide.square().mean([-1], keepdim: true).add_(_config.RmsNormEpsilon).rsqrt_();
        return Narrow(wide * scale) * weight;
    }

    /// <summary>
    /// Causal attention with grouped queries (Ainslie et al., "GQA", https://arxiv.org/abs/2305.13245): each head of keys and values serves
    /// Q/K consecutive heads of queries, which are laid one below the other as so many more positions.
    /// </summary>
    /// <param name="x">[B·T, H].</param>
    /// <param name="layer">Its weights.</param>
    /// <param name="mask">[Q/K·T, T].</param>
    /// <param name="batch">B.</param>
    /// <param name="length">T.</param>
    private Tensor Attention(Tensor x, DecoderLayer layer, Tensor mask, long batch, long length)
    {
        long queries = _config.AttentionHeads, keys = _config.KeyValueHeads, size = _config.HeadSize, group = queries / keys;

        // Heads first, so that each kind is one contiguous part: [Q + 2K, B, T, D].
        Tensor all = linear(x, layer.QueryKeyValue).view(batch, length, queries + (2 * keys), size).permute(2, 0, 1, 3).contiguous();
        Tensor[] parts = all.split([queries + keys, keys], 0);
        Tensor[] rotated = _rotary.Rotate(parts[0]).split([queries, keys], 0);

        Tensor query = rotated[0].view(keys, group, batch, length, size).transpose(1, 2).reshape(keys * batch, group * length, size);
        Tensor key = rotated[1].view(keys * batch, length, size);
        Tensor value = parts[1].reshape(keys * batch, length, size);

        Tensor scores = bmm(query * _attentionScale, key.transpose(1, 2)).add_(mask); // TorchSharp 0.107.0's baddbmm takes its arguments in another order than it says.
        Tensor weights = Narrow(softmax(Wide(scores), -1));
        Tensor heads = bmm(weights, value)
            .view(keys, batch, group, length, size).permute(1, 3, 0, 2, 4).reshape(batch * length, queries * size);
        return linear(heads, layer.Output);
    }

    /// <summary>W_down · (silu(W_gate·x) ∘ W_up·x) (Shazeer, "GLU Variants Improve Transformer", https://arxiv.org/abs/2002.05202).</summary>
    /// <param name="x">[B·T, H].</param>
    /// <param name="layer">Its weights.</param>
    private static Tensor Mlp(Tensor x, DecoderLayer layer)
    {
        Tensor[] halves = linear(x, layer.GateUp).chunk(2, -1);
        return linear(silu(halves[0]) * halves[1], layer.Down);
    }

    private Tensor Wide(Tensor x) => x.dtype == ScalarType.Float32 ? x : x.to_type(ScalarType.Float32);

    private Tensor Narrow(Tensor x) => x.dtype == _weights.dtype ? x : x.to_type(_weights.dtype);

    private Tensor Vector(string name) => Leaf(name, _config.HiddenSize);

    // With the weights that follow it in the layout, where there are more rows than its own.
    private Tensor Matrix(string first, long rows, long columns) => Leaf(first, rows, columns);

    private Tensor Leaf(string first, params long[] shape)
    {
        long offset = _layout[first].Offset;
        Tensor leaf = _weights.narrow(0, offset, shape.Aggregate(1L, (product, size) => product * size)).view(shape).detach().DetachFromDisposeScope();
        _leaves.Add((leaf, offset));
        return leaf;
    }

    /// <summary>Backward passes add to a gradient that is there already; these are parts of one vector.</summary>
    private void TakeGradients(Tensor gradients)
    {
        foreach (var (leaf, offset) in _leaves)
        {
            leaf.requires_grad_();
            leaf.grad = gradients.narrow(0, offset, leaf.NumberOfElements).view(leaf.shape);
        }
    }

    /// <summary>The weights of one layer.</summary>
    /// <param name="AttentionNorm">[H].</param>
    /// <param name="QueryKeyValue">[(Q + 2K)·D, H].</param>
    /// <param name="Output">[H, Q·D].</param>
    /// <param name="MlpNorm">[H].</param>
    /// <param name="GateUp">[2·I, H].</param>
    /// <param name="Down">[H, I].</param>
    private sealed record DecoderLayer(Tensor AttentionNorm, Tensor QueryKeyValue, Tensor Output, Tensor MlpNorm, Tensor GateUp, Tensor Down);
}
