using System.Collections.Immutable;
using DemEngine.Evaluation.Language;
using DemEngine.Training.Data;
using DemEngine.Training.Models;
using static TorchSharp.torch;

namespace DemEngine.Training.Evaluation;

/// <summary>
/// Computes a model's loss on a fixed set of examples. They are divided into batches once, which stay resident on the device.
/// </summary>
internal sealed class LossMeter : IDisposable
{
    private readonly ImmutableArray<TokenBatch> _batches;
    private readonly long _targets;

    public LossMeter(ImmutableArray<Example> examples, long maxPositions, Device device)
    {
        _batches =
        [
            .. BatchCut.Of(examples, maxPositions)
                .Select(part => TokenBatch.Of([.. part.Select(i => examples[i])], device)),
        ];
        _targets = examples.Sum(example => (long)example.Targets);
    }

    /// <summary>Computes −log p of each target of a batch, in nats.</summary>
    /// <returns>Losses [N], binary32.</returns>
    public static Tensor Losses(LlamaDecoder model, TokenBatch batch)
    {
        return Losses(model, batch, model.Hidden(batch));
    }

    /// <summary>
    /// Computes −log p of each target of a batch, and adds the gradients of their weighted sum to those of the model.
    /// </summary>
    /// <param name="model">Model with gradients.</param>
    /// <param name="batch">Batch.</param>
    /// <param name="scale">Factor of the losses in the gradients.</param>
    /// <param name="recomputes">Whether layers are computed a second time rather than kept.</param>
    /// <returns>Sum of the losses, in nats.</returns>
    public static double Differentiate(LlamaDecoder model, TokenBatch batch, double scale, bool recomputes)
    {
        if (recomputes)
            return model.Recompute(batch, hidden => Losses(model, batch, hidden), scale);
        using var scope = NewDisposeScope();
        Tensor loss = Losses(model, batch).sum();
        (loss * scale).backward();
        return loss.item<float>();
    }

    private static Tensor Losses(LlamaDecoder model, TokenBatch batch, Tensor hidden) => nn.functional.cross_entropy(
        model.Logits(hidden.index_select(0, batch.Rows)), batch.Targets, reduction: nn.Reduction.None);

    /// <summary>Computes the mean loss over all targets, in nats per token.</summary>
    public double Measure(LlamaDecoder model)
    {
        using var _ = no_grad();
        double sum = 0;
        foreach (TokenBatch batch in _batches)
        {
            using var scope = NewDisposeScope();
            sum += Losses(model, batch).sum(ScalarType.Float64).item<double>();
        }

        return sum / _targets;
    }

    public void Dispose()
    {
        foreach (TokenBatch batch in _batches)
            batch.Dispose();
    }
}
