using System.Collections.Immutable;
using DemEngine.Evaluation.Language;
using DemEngine.Training.Data;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace DemEngine.Training.Models;

/// <summary>
/// The forward pass of a decoder of the Llama architecture (Touvron et al., https://arxiv.org/abs/2302.13971, section 2.2),
/// or of one that <see cref="LlamaConfig"/> tells apart from it, over weights that are views of one vector. In shapes, B is
/// the number of sequences, T that of positions, H the hidden size, I the intermediate size, D the head size, Q and K the
/// numbers of heads of queries and of keys, and V the vocabulary size. Shorter sequences of a batch are padded at their end;
/// attention is causal, so the padding does not affect the positions before it.
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
    private readonly Projection _output;
    private readonly RotaryTable _rotary;
    private readonly CausalMask _mask;
    private readonly double _attentionScale;
    private readonly ScalarType _compute;
    private readonly IReadOnlyDictionary<string, LowRankChange> _changes;

    /// <summary>
    /// Makes a decoder over weights, which remain the caller's and may be overwritten in place between calls.
    /// </summary>
    /// <param name="layout">Layout of the weights.</param>
    /// <param name="config">Configuration of the model.</param>
    /// <param name="weights">
    /// Vector [all weights], binary32 or bfloat16. The decoder computes in this type, except that normalisation, softmax and loss
    /// are always in binary32.
    /// </param>
    /// <param name="gradients">
    /// Vector of the same type and shape to which backward passes add gradients; null to compute no gradients.
    /// </param>
    public LlamaDecoder(ParameterLayout layout, LlamaConfig config, Tensor weights, Tensor? gradients)
        : this(layout, config, weights, weights.dtype, ImmutableDictionary<string, LowRankChange>.Empty)
    {
        if (gradients is not null)
            TakeGradients(gradients);
    }

    /// <summary>Makes a decoder over weights that stay as they are, with changes that are trained.</summary>
    /// <param name="layout">Layout of the weights.</param>
    /// <param name="config">Configuration of the model.</param>
    /// <param name="weights">Vector [all weights], of any floating-point type.</param>
    /// <param name="compute">Type in which the decoder computes, binary32 or bfloat16.</param>
    /// <param name="changes">Changes of matrices, by their names; they stay the caller's.</param>
    internal LlamaDecoder(
        ParameterLayout layout,
        LlamaConfig config,
        Tensor weights,
        ScalarType compute,
        IReadOnlyDictionary<string, LowRankChange> changes)
    {
        _compute = compute;
        _changes = changes;
        _config = config;
        _layout = layout;
        _weights = weights;
        using var scope = NewDisposeScope();
        int hidden = config.HiddenSize;
        _embedding = Leaf(LlamaTensors.Embedding, config.VocabularySize, hidden);
        _layers =
        [
            .. Enumerable.Range(0, config.Layers).Select(layer => new DecoderLayer(
                Vector(LlamaTensors.AttentionNorm(layer)),
                Projection(
                    hidden,
                    [
                        (LlamaTensors.Query(layer), config.QueryRows),
                        (LlamaTensors.Key(layer), config.KeyValueRows),
                        (LlamaTensors.Value(layer), config.KeyValueRows),
                    ],
                    config.HasBiases),
                Projection(config.QueryRows, [(LlamaTensors.Output(layer), hidden)]),
                Vector(LlamaTensors.MlpNorm(layer)),
                Projection(
                    hidden,
                    [
                        (LlamaTensors.Gate(layer), config.IntermediateSize),
                        (LlamaTensors.Up(layer), config.IntermediateSize),
                    ]),
                Projection(config.IntermediateSize, [(LlamaTensors.Down(layer), hidden)]))
            {
                HeadNorms = config.HasHeadNorms
                    ? (Leaf(LlamaTensors.QueryNorm(layer), config.HeadSize), Leaf(LlamaTensors.KeyNorm(layer), config.HeadSize))
                    : null,
            }),
        ];
        _norm = Vector(LlamaTensors.Norm);
        _head = config.TieEmbeddings ? _embedding : Leaf(LlamaTensors.Head, config.VocabularySize, hidden);
        _output = new Projection(_head, null, [(config.VocabularySize, null)]);
        _rotary = new RotaryTable(config.HeadSize, config.RopeTheta, config.Scaling, compute, weights.device);
        _mask = new CausalMask(config.Window, compute, weights.device);
        _attentionScale = 1 / Math.Sqrt(config.HeadSize);
    }

    /// <summary>Passes sequences through the model.</summary>
    /// <param name="tokens">Token ids [B, T], int64.</param>
    /// <returns>Normalised output of the last layer [B·T, H]; row b·T + t is position t of sequence b.</returns>
    public Tensor Hidden(Tensor tokens) => Hidden(tokens, Place(tokens, null, null));

    /// <summary>Passes a batch through the model.</summary>
    /// <param name="batch">Batch, whose rows may hold several sequences each.</param>
    /// <returns>Normalised output of the last layer [B·T, H]; row b·T + t is position t of row b.</returns>
    public Tensor Hidden(TokenBatch batch) =>
        Hidden(batch.Tokens, Place(batch.Tokens, batch.PackedPositions, batch.PackedSequences));

    /// <summary>
    /// Adds the gradients of Σ scale · −log p over a batch's targets, and keeps of the forward pass only what enters each layer:
    /// the rest is computed a second time, layer by layer from the last (Chen et al., "Training Deep Nets with Sublinear Memory
    /// Cost", https://arxiv.org/abs/1604.06174, section 3). The gradients are those of an ordinary backward pass.
    /// </summary>
    /// <param name="batch">Batch.</param>
    /// <param name="losses">Function from the decoder's hidden states [B·T, H] to the losses [N] of the targets.</param>
    /// <param name="scale">Factor of the losses.</param>
    /// <returns>Σ −log p, in nats.</returns>
    internal double Recompute(TokenBatch batch, Func<Tensor, Tensor> losses, double scale)
    {
        using var scope = NewDisposeScope();
        Placement place = Place(batch.Tokens, batch.PackedPositions, batch.PackedSequences);
        var entering = new Tensor[_layers.Length + 1];
        using (no_grad())
        {
            entering[0] = Embed(batch.Tokens);
            for (int layer = 0; layer < _layers.Length; layer++)
            {
                using var inner = NewDisposeScope();
                entering[layer + 1] = Layer(entering[layer], _layers[layer], place).MoveToOuterDisposeScope();
            }
        }

        double sum;
        Tensor slope;
        using (var inner = NewDisposeScope())
        {
            Tensor last = entering[^1].detach().requires_grad_();
            Tensor loss = losses(Normalise(last, _norm)).sum();
            (loss * scale).backward();
            sum = loss.item<float>();
            slope = last.grad!.MoveToOuterDisposeScope();
        }

        for (int layer = _layers.Length - 1; layer >= 0; layer--)
        {
            entering[layer + 1].Dispose();
            using var inner = NewDisposeScope();
            Tensor input = entering[layer].detach().requires_grad_();
            Layer(input, _layers[layer], place).backward([slope]);
            slope.Dispose();
            slope = input.grad!.MoveToOuterDisposeScope();
        }

        if (_embedding.requires_grad)
            Embed(batch.Tokens).backward([slope]);
        return sum;
    }

    /// <summary>Computes the scores of the next token.</summary>
    /// <param name="hidden">Normalised output of the last layer [N, H].</param>
    /// <returns>Scores [N, V], binary32: logarithms of probabilities, up to a constant in each row.</returns>
    public Tensor Logits(Tensor hidden) => Wide(_output.Apply(hidden));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (leaf, _) in _leaves)
            leaf.Dispose();
        _rotary.Dispose();
        _mask.Dispose();
    }

    private Tensor Hidden(Tensor tokens, Placement place)
    {
        Tensor x = Embed(tokens);
        foreach (DecoderLayer layer in _layers)
            x = Layer(x, layer, place);
        return Normalise(x, _norm);
    }

    private Tensor Embed(Tensor tokens) => Narrow(_embedding.index_select(0, tokens.view(-1)));

    private Tensor Layer(Tensor x, DecoderLayer layer, Placement place)
    {
        x = x + Attention(Normalise(x, layer.AttentionNorm), layer, place);
        return x + Mlp(Normalise(x, layer.MlpNorm), layer);
    }

    private Placement Place(Tensor tokens, Tensor? positions, Tensor? sequences)
    {
        long batch = tokens.shape[0], length = tokens.shape[1];
        int queriesPerKey = _config.AttentionHeads / _config.KeyValueHeads;
        Tensor mask = sequences is null ? _mask.Of(length) : _mask.Of(sequences);
        if (queriesPerKey > 1)
            mask = sequences is null ? mask.repeat(queriesPerKey, 1) : mask.repeat(1, queriesPerKey, 1);
        return new Placement(batch, length, positions, mask);
    }

    /// <summary>
    /// Computes x / √(mean(x²) + ε) · w (Zhang and Sennrich, "Root Mean Square Layer Normalization",
    /// https://arxiv.org/abs/1910.07467).
    /// </summary>
    /// <param name="x">Input x [N, H].</param>
    /// <param name="weight">Weights w [H].</param>
    private Tensor Normalise(Tensor x, Tensor weight)
    {
        Tensor wide = Wide(x);
        Tensor scale = wide.square().mean([-1], keepdim: true).add_(_config.RmsNormEpsilon).rsqrt_();
        return Narrow(wide * scale) * Narrow(weight);
    }

    /// <summary>
    /// Computes causal attention with grouped queries (Ainslie et al., "GQA", https://arxiv.org/abs/2305.13245): each head of
    /// keys and values serves Q/K consecutive heads of queries, which are laid one below the other as additional positions.
    /// </summary>
    /// <param name="x">Input [B·T, H].</param>
    /// <param name="layer">Weights of the layer.</param>
    /// <param name="place">Where the tokens of x stand.</param>
    private Tensor Attention(Tensor x, DecoderLayer layer, Placement place)
    {
        (long batch, long length, Tensor? positions, Tensor mask) = place;
        long queries = _config.AttentionHeads, keys = _config.KeyValueHeads, size = _config.HeadSize, group = queries / keys;

        // With heads as the first dimension, [Q + 2K, B, T, D], each kind is one contiguous part.
        Tensor all = layer.QueryKeyValue.Apply(x)
            .view(batch, length, queries + (2 * keys), size)
            .permute(2, 0, 1, 3)
            .contiguous();
        Tensor[] parts = all.split([queries + keys, keys], 0);
        Tensor heads = NormaliseHeads(parts[0], layer, queries, keys);
        Tensor turned = positions is null ? _rotary.Rotate(heads) : _rotary.Rotate(heads, positions);
        Tensor[] rotated = turned.split([queries, keys], 0);

        Tensor query = rotated[0]
            .view(keys, group, batch, length, size)
            .transpose(1, 2)
            .reshape(keys * batch, group * length, size);
        Tensor key = rotated[1].view(keys * batch, length, size);
        Tensor value = parts[1].reshape(keys * batch, length, size);

        // TorchSharp 0.107.0's baddbmm takes its arguments in another order than it documents.
        Tensor scores = bmm(query * _attentionScale, key.transpose(1, 2));
        scores = positions is null
            ? scores.add_(mask)
            : scores.view(keys, batch, group * length, length).add_(mask).view(keys * batch, group * length, length);
        Tensor weights = Narrow(softmax(Wide(scores), -1));
        Tensor attended = bmm(weights, value)
            .view(keys, batch, group, length, size).permute(1, 3, 0, 2, 4).reshape(batch * length, queries * size);
        return layer.Output.Apply(attended);
    }

    // Heads [Q + K, B, T, D] of queries and keys, each normalised by the weights of its kind where the architecture has them.
    private Tensor NormaliseHeads(Tensor heads, DecoderLayer layer, long queries, long keys)
    {
        if (layer.HeadNorms is not { } norms)
            return heads;
        long size = _config.HeadSize;
        Tensor weight = cat([norms.Query.expand(queries, 1, 1, size), norms.Key.expand(keys, 1, 1, size)], 0);
        return Normalise(heads, weight);
    }

    /// <summary>
    /// Computes W_down · (silu(W_gate·x) ∘ W_up·x) (Shazeer, "GLU Variants Improve Transformer",
    /// https://arxiv.org/abs/2002.05202).
    /// </summary>
    /// <param name="x">Input x [B·T, H].</param>
    /// <param name="layer">Weights of the layer.</param>
    private static Tensor Mlp(Tensor x, DecoderLayer layer)
    {
        Tensor[] halves = layer.GateUp.Apply(x).chunk(2, -1);
        return layer.Down.Apply(silu(halves[0]) * halves[1]);
    }

    private Tensor Wide(Tensor x) => x.dtype == ScalarType.Float32 ? x : x.to_type(ScalarType.Float32);

    private Tensor Narrow(Tensor x) => x.dtype == _compute ? x : x.to_type(_compute);

    private Tensor Vector(string name) => Leaf(name, _config.HiddenSize);

    // The matrices follow each other in the layout, and so do their biases.
    private Projection Projection(long inputs, ImmutableArray<(string Name, int Rows)> matrices, bool hasBiases = false)
    {
        long rows = matrices.Sum(matrix => (long)matrix.Rows);
        return new Projection(
            Leaf(matrices[0].Name, rows, inputs),
            hasBiases ? Leaf(LlamaTensors.BiasOf(matrices[0].Name), rows) : null,
            [.. matrices.Select(matrix => ((long)matrix.Rows, _changes.GetValueOrDefault(matrix.Name)))]);
    }

    private Tensor Leaf(string first, params long[] shape)
    {
        long offset = _layout[first].Offset;
        Tensor leaf = _weights
            .narrow(0, offset, shape.Aggregate(1L, (product, size) => product * size))
            .view(shape)
            .detach()
            .DetachFromDisposeScope();
        _leaves.Add((leaf, offset));
        return leaf;
    }

    /// <summary>
    /// Makes backward passes add to the given vector: they add to an existing gradient, and each one set here is a part of it.
    /// </summary>
    private void TakeGradients(Tensor gradients)
    {
        foreach (var (leaf, offset) in _leaves)
        {
            leaf.requires_grad_();
            leaf.grad = gradients.narrow(0, offset, leaf.NumberOfElements).view(leaf.shape);
        }
    }

    /// <summary>Where the tokens of a batch stand.</summary>
    /// <param name="Batch">Number of rows, B.</param>
    /// <param name="Length">Number of positions of a row, T.</param>
    /// <param name="Positions">Position of each token in its own sequence [B, T]; null where a row is one sequence.</param>
    /// <param name="Mask">What is added to scores: [Q/K·T, T] for all rows, or [B, Q/K·T, T] with positions.</param>
    private sealed record Placement(long Batch, long Length, Tensor? Positions, Tensor Mask);

    /// <summary>The weights of one layer.</summary>
    /// <param name="AttentionNorm">Weights of the normalisation before attention [H].</param>
    /// <param name="QueryKeyValue">Projections to queries, keys and values as one matrix [(Q + 2K)·D, H], and biases.</param>
    /// <param name="Output">Output projection of attention [H, Q·D].</param>
    /// <param name="MlpNorm">Weights of the normalisation before the MLP [H].</param>
    /// <param name="GateUp">Gate and up projections as one matrix [2·I, H].</param>
    /// <param name="Down">Down projection [H, I].</param>
    private sealed record DecoderLayer(
        Tensor AttentionNorm,
        Projection QueryKeyValue,
        Projection Output,
        Tensor MlpNorm,
        Projection GateUp,
        Projection Down)
    {
        /// <summary>Weights of the normalisation of each head of queries and of keys, each [D]; null for none.</summary>
        public (Tensor Query, Tensor Key)? HeadNorms { get; init; }
    }
}
