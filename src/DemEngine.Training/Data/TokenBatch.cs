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

    /// <summary>
    /// Where several sequences lie in a row: the position of each token in its own sequence, [B, T], int64; otherwise null.
    /// </summary>
    public Tensor? PackedPositions { get; private init; }

    /// <summary>
    /// Where several sequences lie in a row: the number of the sequence in the row that each token belongs to, [B, T], int64;
    /// padding is a sequence of its own. Otherwise null.
    /// </summary>
    public Tensor? PackedSequences { get; private init; }

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

    /// <summary>
    /// Makes a batch in whose rows several sequences lie one behind the other. They do not see each other, and each starts at
    /// position 0, so that their losses are those that each has alone. Its tensors belong to no dispose scope.
    /// </summary>
    /// <param name="rows">Sequences of each row; at least one row of at least one.</param>
    /// <param name="device">Device of the tensors.</param>
    public static TokenBatch Packed(IReadOnlyList<IReadOnlyList<Example>> rows, Device device)
    {
        int length = rows.Max(row => row.Sum(example => example.Tokens.Length - 1));
        long[] tokens = new long[rows.Count * length];
        long[] positions = new long[tokens.Length];
        long[] sequences = new long[tokens.Length];
        Array.Fill(sequences, -1);
        var predicting = new List<long>();
        var next = new List<long>();
        var owners = new List<int>();
        int example = 0;
        for (int row = 0; row < rows.Count; row++)
        {
            int at = row * length;
            for (int k = 0; k < rows[row].Count; k++, example++)
            {
                Example one = rows[row][k];
                foreach (int t in one.TargetPositions)
                {
                    predicting.Add(at + t - 1);
                    next.Add(one.Tokens[t]);
                    owners.Add(example);
                }

                for (int t = 0; t < one.Tokens.Length - 1; t++, at++)
                    (tokens[at], positions[at], sequences[at]) = (one.Tokens[t], t, k);
            }
        }

        Tensor Make(long[] values) => tensor(values, [rows.Count, length], device: device).DetachFromDisposeScope();
        return new TokenBatch(
            Make(tokens),
            tensor(predicting.ToArray(), device: device).DetachFromDisposeScope(),
            tensor(next.ToArray(), device: device).DetachFromDisposeScope(),
            [.. owners])
        {
            PackedPositions = Make(positions),
            PackedSequences = Make(sequences),
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        PackedPositions?.Dispose();
        PackedSequences?.Dispose();
        Tokens.Dispose();
        Rows.Dispose();
        Targets.Dispose();
    }
}
