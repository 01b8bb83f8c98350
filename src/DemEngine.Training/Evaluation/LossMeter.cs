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
        Tensor hidden = model.Hidden(batch.Tokens).index_select(0, batch.Rows);
        return nn.functional.cross_entropy(model.Logits(hidden), batch.Targets, reduction: nn.Reduction.None);
    }

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
