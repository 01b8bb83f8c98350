using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using DemEngine.Evaluation.Language;

namespace DemEngine.Evaluation.Embedded;

/// <summary>
/// Causal attention, softmax(q·Kᵀ/√d)·V: a position sees itself and those before it in its sequence, as far back as the
/// window reaches where there is one, and each key-value head serves a group of consecutive query heads (Ainslie et al.,
/// "GQA", https://arxiv.org/abs/2305.13245). Each instance has its own scratch memory and serves one thread.
/// </summary>
internal sealed class CausalAttention(LlamaConfig config)
{
    private const int Lanes = 16;

    private readonly int _headSize = config.HeadSize;
    private readonly int _paddedHead = Blocks.RoundUp(config.HeadSize, Lanes);
    private readonly int _group = config.AttentionHeads / config.KeyValueHeads;
    private readonly int _window = config.Window ?? int.MaxValue;
    private readonly float _scale = (float)(1 / Math.Sqrt(config.HeadSize));
    private float[] _keys = []; // [head size, positions], so that a query is multiplied by sixteen keys at a time
    private float[] _values = []; // [positions, padded head]
    private float[] _weights = [];
    private int _positions; // padded

    /// <summary>Computes the attention of the query rows over the keys and values of their sequences.</summary>
    /// <param name="queries">Queries [query rows, heads × d], with rotary positions applied.</param>
    /// <param name="queryRows">Sequences and positions of the query rows.</param>
    /// <param name="keys">Keys [rows, key-value heads × d], with rotary positions applied.</param>
    /// <param name="values">Values [rows, key-value heads × d].</param>
    /// <param name="rows">Sequences and positions of all rows, which the keys and values belong to.</param>
    /// <param name="output">Destination [query rows, heads × d].</param>
    public void Run(RowMatrix queries, BatchRows queryRows, RowMatrix keys, RowMatrix values, BatchRows rows, RowMatrix output)
    {
        for (int sequence = 0; sequence + 1 < rows.Starts.Length; sequence++)
        {
            int first = rows.Starts[sequence];
            int length = rows.Starts[sequence + 1] - first;
            Reserve(length);
            for (int head = 0; head < config.KeyValueHeads; head++)
            {
                Pack(keys, values, first, length, head * _headSize);
                for (int row = queryRows.Starts[sequence]; row < queryRows.Starts[sequence + 1]; row++)
                {
                    for (int query = head * _group; query < (head + 1) * _group; query++)
                    {
                        int at = query * _headSize;
                        Attend(
                            queries.Row(row).Slice(at, _headSize),
                            queryRows.Positions[row] + 1,
                            output.Row(row).Slice(at, _headSize));
                    }
                }
            }
        }
    }

    private void Reserve(int length)
    {
        _positions = Blocks.RoundUp(length, Lanes);
        if (_weights.Length >= _positions)
            return;
        _keys = new float[_headSize * _positions];
        _values = new float[_positions * _paddedHead];
        _weights = new float[_positions];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Pack(RowMatrix keys, RowMatrix values, int first, int length, int at)
    {
        for (int position = 0; position < length; position++)
        {
            ReadOnlySpan<float> key = keys.Row(first + position).Slice(at, _headSize);
            for (int i = 0; i < key.Length; i++)
                _keys[(i * _positions) + position] = key[i];
            values.Row(first + position).Slice(at, _headSize).CopyTo(_values.AsSpan(position * _paddedHead));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Attend(ReadOnlySpan<float> query, int seen, Span<float> output)
    {
        ref float keys = ref MemoryMarshal.GetArrayDataReference(_keys);
        ref float values = ref MemoryMarshal.GetArrayDataReference(_values);
        ref float weights = ref MemoryMarshal.GetArrayDataReference(_weights);

        int from = Math.Max(0, seen - _window);
        int start = from - (from % Lanes);
        Vector512<float> largest = Vector512.Create(float.NegativeInfinity);
        for (int position = start; position < seen; position += Lanes)
        {
            Vector512<float> scores = default;
            for (int i = 0; i < query.Length; i++)
            {
                Vector512<float> key = Vector512.LoadUnsafe(ref keys, (nuint)((i * _positions) + position));
                scores = Vector512.MultiplyAddEstimate(Vector512.Create(query[i]), key, scores);
            }

            // Later positions are masked, and those before the window. Beyond the sequence's end the buffers hold what earlier
            // sequences left there.
            Vector512<int> places = Vector512<int>.Indices + Vector512.Create(position);
            Vector512<int> hidden = Vector512.GreaterThanOrEqual(places, Vector512.Create(seen))
                | Vector512.LessThan(places, Vector512.Create(from));
            scores = Vector512.ConditionalSelect(hidden.AsSingle(), Vector512.Create(float.NegativeInfinity), scores * _scale);
            scores.StoreUnsafe(ref weights, (nuint)position);
            largest = Vector512.Max(largest, scores);
        }

        float top = float.NegativeInfinity;
        for (int lane = 0; lane < Lanes; lane++)
            top = MathF.Max(top, largest[lane]);
        Vector512<float> sums = default;
        for (int position = start; position < seen; position += Lanes)
        {
            Vector512<float> weight = Vector512.Exp(Vector512.LoadUnsafe(ref weights, (nuint)position) - Vector512.Create(top));
            weight.StoreUnsafe(ref weights, (nuint)position);
            sums += weight;
        }

        Vector512<float> scale = Vector512.Create(1 / Vector512.Sum(sums));
        for (int at = 0; at < output.Length; at += Lanes)
        {
            Vector512<float> sum = default;
            for (int position = from; position < seen; position++)
            {
                Vector512<float> value = Vector512.LoadUnsafe(ref values, (nuint)((position * _paddedHead) + at));
                sum = Vector512.MultiplyAddEstimate(Vector512.Create(_weights[position]), value, sum);
            }

            sum *= scale;
            if (output.Length - at >= Lanes)
                sum.CopyTo(output[at..]);
            else
                CopyPart(sum, output[at..]);
        }
    }

    private static void CopyPart(Vector512<float> source, Span<float> destination)
    {
        for (int lane = 0; lane < destination.Length; lane++)
            destination[lane] = source[lane];
    }
}
