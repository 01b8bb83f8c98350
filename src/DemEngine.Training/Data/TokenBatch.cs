using DemEngine.Evaluation.Language;
using static TorchSharp.torch;

namespace DemEngine.Training.Data;

/// <summary>
/// Sequences that pass through a model together. The last token of each predicts nothing and is left out. Shorter sequences are
/// padded at their end with token 0, which has no effect on what comes before it.
/// </summary>
public sealed class TokenBatch : IDisposable
{
    private TokenBatch(Tensor tokens, Tensor rows, Tensor targets, int[] examples)
    {
        Tokens = tokens;
        Rows = rows;
        Targets = targets;
        Examples = examples;
    }

    /// <summary>Token ids [B, T], int64.</summary>
    public Tensor Tokens { get; }

    /// <summary>Indices [N], int64, of the rows b·T + t whose next token is a target, sequence by sequence.</summary>
    public Tensor Rows { get; }

    /// <summary>Target tokens [N], int64, that follow these rows.</summary>
    public Tensor Targets { get; }

    /// <summary>Indices [N] of the sequence that each row belongs to.</summary>
    public int[] Examples { get; }

    /// <summary>Number of positions, B · T, including padding.</summary>
    public long Positions => Tokens.NumberOfElements;

    /// <summary>Makes a batch. Its tensors belong to no dispose scope.</summary>
    /// <param name="examples">Sequences of the batch; at least one.</param>
    /// <param name="device">Device of the tensors.</param>
    public static TokenBatch Of(IReadOnlyList<Example> examples, Device device)
    {
        int length = examples.Max(example => example.Tokens.Length) - 1;
        int targets = examples.Sum(example => example.Targets);
        long[] tokens = new long[examples.Count * length];
        long[] rows = new long[targets];
        long[] next = new long[targets];
        int[] owners = new int[targets];
        int n = 0;
        for (int b = 0; b < examples.Count; b++)
        {
            Example example = examples[b];
            for (int t = 0; t < example.Tokens.Length - 1; t++)
                tokens[(b * length) + t] = example.Tokens[t];
            foreach (int t in example.TargetPositions)
            {
                rows[n] = (b * length) + t - 1;
                next[n] = example.Tokens[t];
                owners[n++] = b;
            }
        }

        return new TokenBatch(
            tensor(tokens, [examples.Count, length], device: device).DetachFromDisposeScope(),
            tensor(rows, device: device).DetachFromDisposeScope(),
            tensor(next, device: device).DetachFromDisposeScope(),
            owners);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Tokens.Dispose();
        Rows.Dispose();
        Targets.Dispose();
    }
}
