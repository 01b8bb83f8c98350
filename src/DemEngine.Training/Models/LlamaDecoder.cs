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
    private readonly RotaryTable _localRotary;
    private readonly CausalMask _mask;
    private readonly CausalMask _localMask;
    private readonly double? _embeddingScale;
    private readonly ScalarType _compute;
    private readonly ConversionBuffer _buffer;
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
        _buffer = new ConversionBuffer(compute, weights.device);
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
                Vector(config.Gemma is null ? LlamaTensors.MlpNorm(layer) : LlamaTensors.GemmaMlpNorm(layer)),
                Mlp(layer))
            {
                OutputNorms = config.Gemma is not null
                    ? (Vector(LlamaTensors.AttentionOutputNorm(layer)), Vector(LlamaTensors.MlpOutputNorm(layer)))
                    : null,
                HeadNorms = config.HasHeadNorms
                    ? (Leaf(LlamaTensors.QueryNorm(layer), config.HeadSize), Leaf(LlamaTensors.KeyNorm(layer), config.HeadSize))
                    : null,
            }),
        ];
        _norm = Vector(LlamaTensors.Norm);
        _head = config.TieEmbeddings ? _embedding : Leaf(LlamaTensors.Head, config.VocabularySize, hidden);
        _output = new Projection(_head, null, _buffer, [(config.VocabularySize, null)]);
        _rotary = new RotaryTable(config.HeadSize, config.RopeTheta, config.Scaling, compute, weights.device);
        _localRotary = config.Gemma?.LocalRopeTheta is { } local
            ? new RotaryTable(config.HeadSize, local, null, compute, weights.device)
            : _rotary;
        _mask = new CausalMask(null, compute, weights.device);
        _localMask = new CausalMask(config.Window, compute, weights.device);
        _embeddingScale = config.Gemma is null ? null : Rounded(Math.Sqrt(hidden), compute);
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
                entering[layer + 1] = Layer(entering[layer], layer, place).MoveToOuterDisposeScope();
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
            Layer(input, layer, place).backward([slope]);
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
    public Tensor Logits(Tensor hidden)
    {
        Tensor logits = Wide(_output.Apply(hidden));
        return _config.Gemma?.LogitCap is { } cap ? Cap(logits, cap) : logits;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (leaf, _) in _leaves)
            leaf.Dispose();
        _buffer.Dispose();
        _rotary.Dispose();
        _localRotary.Dispose();
        _mask.Dispose();
        _localMask.Dispose();
    }

    private Tensor Hidden(Tensor tokens, Placement place)
    {
        Tensor x = Embed(tokens);
        for (int layer = 0; layer < _layers.Length; layer++)
        {
            // What a backward pass needs stays; all else goes layer by layer.
            using var inner = NewDisposeScope();
            x = Layer(x, layer, place).MoveToOuterDisposeScope();
        }

        return Normalise(x, _norm);
    }

    private Tensor Embed(Tensor tokens)
    {
        Tensor rows = Narrow(_embedding.index_select(0, tokens.view(-1)));
        return _embeddingScale is { } scale ? rows * scale : rows;
    }

    private Tensor Layer(Tensor x, int index, Placement place)
    {
        DecoderLayer layer = _layers[index];
        bool isLocal = _config.IsLocal(index);
        Tensor attended = Attention(Normalise(x, layer.AttentionNorm), layer, place, isLocal);
        x = x + (layer.OutputNorms is { } norms ? Normalise(attended, norms.Attention) : attended);
        Tensor passed = layer.Mlp(Normalise(x, layer.MlpNorm));
        return x + (layer.OutputNorms is { } both ? Normalise(passed, both.Mlp) : passed);
    }

    private Placement Place(Tensor tokens, Tensor? positions, Tensor? sequences)
    {
        long batch = tokens.shape[0], length = tokens.shape[1];
        Tensor Mask(CausalMask one)
        {
            int queriesPerKey = _config.AttentionHeads / _config.KeyValueHeads;
            if (sequences is not null)
                return one.Of(sequences).repeat(1, queriesPerKey, 1);
            return queriesPerKey > 1 ? one.Of(length).repeat(queriesPerKey, 1) : one.Of(length);
        }

        bool hasLocal = _config.Window is not null;
        return new Placement(
            batch, length, positions, Mask(_mask), hasLocal ? Mask(_localMask) : null);
    }

    /// <summary>
    /// Computes x / √(mean(x²) + ε) · w, or in Gemma · (1 + w) before it is rounded (Zhang and Sennrich, "Root Mean Square Layer
    /// Normalization", https://arxiv.org/abs/1910.07467).
    /// </summary>
    /// <param name="x">Input x [N, H].</param>
    /// <param name="weight">Weights w [H].</param>
    private Tensor Normalise(Tensor x, Tensor weight)
    {
        Tensor wide = Wide(x);
        Tensor scale = wide.square().mean([-1], keepdim: true).add_(_config.RmsNormEpsilon).rsqrt_();
        return _config.Gemma is null
            ? Narrow(wide * scale) * Narrow(weight)
            : Narrow(wide * scale * (1 + Wide(weight)));
    }

    /// <summary>
    /// Computes causal attention with grouped queries (Ainslie et al., "GQA", https://arxiv.org/abs/2305.13245): each head of
    /// keys and values serves Q/K consecutive heads of queries, which are laid one below the other as additional positions.
    /// </summary>
    /// <param name="x">Input [B·T, H].</param>
    /// <param name="layer">Weights of the layer.</param>
    /// <param name="place">Where the tokens of x stand.</param>
    /// <param name="isLocal">Whether the layer sees no further than the window.</param>
    private Tensor Attention(Tensor x, DecoderLayer layer, Placement place, bool isLocal)
    {
        (long batch, long length, Tensor? positions, _, _) = place;
        Tensor mask = isLocal ? place.LocalMask! : place.Mask;
        RotaryTable rotary = isLocal ? _localRotary : _rotary;
        long queries = _config.AttentionHeads, keys = _config.KeyValueHeads, size = _config.HeadSize, group = queries / keys;

        // With heads as the first dimension, [Q + 2K, B, T, D], each kind is one contiguous part.
        Tensor all = layer.QueryKeyValue.Apply(x)
            .view(batch, length, queries + (2 * keys), size)
            .permute(2, 0, 1, 3)
            .contiguous();
        Tensor[] parts = all.split([queries + keys, keys], 0);
        Tensor heads = NormaliseHeads(parts[0], layer, queries, keys);
        Tensor turned = positions is null ? rotary.Rotate(heads) : rotary.Rotate(heads, positions);
        Tensor[] rotated = turned.split([queries, keys], 0);

        Tensor query = rotated[0]
            .view(keys, group, batch, length, size)
            .transpose(1, 2)
            .reshape(keys * batch, group * length, size);
        Tensor key = rotated[1].view(keys * batch, length, size);
        Tensor value = parts[1].reshape(keys * batch, length, size);

        // TorchSharp 0.107.0's baddbmm takes its arguments in another order than it documents.
        Tensor scores = bmm(query * _config.ScoreScale, key.transpose(1, 2));
        if (_config.Gemma?.ScoreCap is { } cap)
            scores = Cap(scores, cap);
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

    // Values c·tanh(x/c), whose amount is at most c.
    private static Tensor Cap(Tensor x, double cap) => tanh(x / cap) * cap;

    private static double Rounded(double value, ScalarType type) =>
        tensor(value, ScalarType.Float64).to_type(type).to_type(ScalarType.Float64).item<double>();

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
            _buffer,
            [.. matrices.Select(matrix => ((long)matrix.Rows, _changes.GetValueOrDefault(matrix.Name)))]);
    }

    private Func<Tensor, Tensor> Mlp(int layer)
    {
        if (_config.Experts == 0)
            return Mlp(LlamaTensors.Gate(layer), LlamaTensors.Up(layer), LlamaTensors.Down(layer)).Apply;
        Projection router = Projection(_config.HiddenSize, [(LlamaTensors.Router(layer), _config.Experts)]);
        ImmutableArray<GatedMlp> experts =
        [
            .. Enumerable.Range(0, _config.Experts).Select(expert => Mlp(
                LlamaTensors.ExpertGate(layer, expert),
                LlamaTensors.ExpertUp(layer, expert),
                LlamaTensors.ExpertDown(layer, expert))),
        ];
        return new ExpertMixture(router, experts, _config.ExpertsPerToken).Apply;
    }

    private GatedMlp Mlp(string gate, string up, string down) => new(
        Projection(_config.HiddenSize, [(gate, _config.IntermediateSize), (up, _config.IntermediateSize)]),
        Projection(_config.IntermediateSize, [(down, _config.HiddenSize)]),
        _config.Gemma is not null);

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
    /// <param name="LocalMask">The same for layers with a window; null where there is none.</param>
    private sealed record Placement(long Batch, long Length, Tensor? Positions, Tensor Mask, Tensor? LocalMask);

    /// <summary>The weights of one layer.</summary>
    /// <param name="AttentionNorm">Weights of the normalisation before attention [H].</param>
    /// <param name="QueryKeyValue">Projections to queries, keys and values as one matrix [(Q + 2K)·D, H], and biases.</param>
    /// <param name="Output">Output projection of attention [H, Q·D].</param>
    /// <param name="MlpNorm">Weights of the normalisation before the MLP [H].</param>
    /// <param name="Mlp">The MLP, or the mixture of several.</param>
    private sealed record DecoderLayer(
        Tensor AttentionNorm,
        Projection QueryKeyValue,
        Projection Output,
        Tensor MlpNorm,
        Func<Tensor, Tensor> Mlp)
    {
        /// <summary>Weights of the normalisation of what attention and the MLP add, each [H]; null for none.</summary>
        public (Tensor Attention, Tensor Mlp)? OutputNorms { get; init; }

        /// <summary>Weights of the normalisation of each head of queries and of keys, each [D]; null for none.</summary>
        public (Tensor Query, Tensor Key)? HeadNorms { get; init; }
    }
}
