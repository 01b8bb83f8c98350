using DemEngine.Evaluation.Language;

namespace DemEngine.Evaluation.Embedded;

/// <summary>
/// The derivative of <see cref="CausalAttention"/>. With P = softmax(S) over the positions that are seen and S = Q·Kᵀ/√d, from
/// dO come dV = Pᵀ·dO, dP = dO·Vᵀ, dS = P∘(dP − Σ P∘dP), dQ = dS·K/√d and dK = dSᵀ·Q/√d. The probabilities are computed again,
/// one row at a time, and never kept.
/// </summary>
internal sealed class AttentionGradient(LlamaConfig config)
{
    private readonly int _group = config.AttentionHeads / config.KeyValueHeads;
    private readonly float _scale = (float)(1 / Math.Sqrt(config.HeadSize));
    private float[] _weights = [];

    /// <summary>Computes the derivatives for all sequences of a batch.</summary>
    /// <param name="queries">Queries [rows, heads × d], with rotary positions applied.</param>
    /// <param name="keys">Keys [rows, key-value heads × d], with rotary positions applied.</param>
    /// <param name="values">Values [rows, key-value heads × d].</param>
    /// <param name="rows">Sequences and positions of the rows.</param>
    /// <param name="dOutput">Derivatives by the output [rows, heads × d].</param>
    /// <param name="dQueries">Destination, overwritten.</param>
    /// <param name="dKeys">Destination, overwritten.</param>
    /// <param name="dValues">Destination, overwritten.</param>
    public void Run(
        RowMatrix queries,
        RowMatrix keys,
        RowMatrix values,
        BatchRows rows,
        RowMatrix dOutput,
        RowMatrix dQueries,
        RowMatrix dKeys,
        RowMatrix dValues)
    {
        for (int row = 0; row < rows.Count; row++)
        {
            dQueries.Row(row).Clear();
            dKeys.Row(row).Clear();
            dValues.Row(row).Clear();
        }

        int size = config.HeadSize;
        for (int sequence = 0; sequence + 1 < rows.Starts.Length; sequence++)
        {
            int first = rows.Starts[sequence];
            int length = rows.Starts[sequence + 1] - first;
            if (_weights.Length < length)
                _weights = new float[length];
            for (int head = 0; head < config.AttentionHeads; head++)
            {
                int at = head * size, shared = head / _group * size;
                for (int t = 0; t < length; t++)
                    Back(first, t, at, shared);
            }
        }

        void Back(int first, int t, int at, int shared)
        {
            ReadOnlySpan<float> query = queries.Row(first + t).Slice(at, size);
            ReadOnlySpan<float> dOut = dOutput.Row(first + t).Slice(at, size);
            Span<float> dQuery = dQueries.Row(first + t).Slice(at, size);
            int from = Math.Max(0, t + 1 - (config.Window ?? int.MaxValue));
            Span<float> weights = _weights.AsSpan(0, t + 1);
            for (int s = from; s <= t; s++)
                weights[s] = _scale * (float)SlopeTable.Dot(query, keys.Row(first + s).Slice(shared, size));
            Softmax(weights[from..]);

            double mean = 0;
            for (int s = from; s <= t; s++)
                mean += weights[s] * SlopeTable.Dot(dOut, values.Row(first + s).Slice(shared, size));
            for (int s = from; s <= t; s++)
            {
                ReadOnlySpan<float> value = values.Row(first + s).Slice(shared, size);
                float dScore = _scale * weights[s] * (float)(SlopeTable.Dot(dOut, value) - mean);
                RowGradients.Add(weights[s], dOut, dValues.Row(first + s).Slice(shared, size));
                RowGradients.Add(dScore, keys.Row(first + s).Slice(shared, size), dQuery);
                RowGradients.Add(dScore, query, dKeys.Row(first + s).Slice(shared, size));
            }
        }
    }

    private static void Softmax(Span<float> scores)
    {
        float largest = float.NegativeInfinity;
        foreach (float score in scores)
            largest = MathF.Max(largest, score);
        double sum = 0;
        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] = MathF.Exp(scores[i] - largest);
            sum += scores[i];
        }

        float scale = (float)(1 / sum);
        for (int i = 0; i < scores.Length; i++)
            scores[i] *= scale;
    }
}
