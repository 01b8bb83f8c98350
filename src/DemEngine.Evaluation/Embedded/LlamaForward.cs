using DemEngine.Evaluation.Language;

namespace DemEngine.Evaluation.Embedded;

/// <summary>The score of one target token under a model.</summary>
/// <param name="LogLikelihood">Natural logarithm of the target's probability.</param>
/// <param name="IsLikeliest">Whether greedy decoding would have chosen the target.</param>
internal readonly record struct TargetScore(double LogLikelihood, bool IsLikeliest);

/// <summary>
/// The forward pass of a Llama decoder over a batch, in binary32: x += attention(norm(x)); x += MLP(norm(x)) in each layer, then
/// log-softmax(head·norm(x)) at the rows that predict a target. Each instance has its own scratch memory and serves one thread.
/// </summary>
internal sealed class LlamaForward : IDisposable
{
    private const int LogitNumbers = 1 << 20;

    private readonly PackedLlama _model;
    private readonly RotaryTable _rotary;
    private readonly CausalAttention _attention;
    private readonly RowMatrix _stream, _normed, _queries, _keys, _values, _attended, _gate, _up, _lastStream, _lastNormed,
        _logits;

    public LlamaForward(PackedLlama model, RotaryTable rotary)
    {
        LlamaConfig config = model.Config;
        _model = model;
        _rotary = rotary;
        _attention = new CausalAttention(config);
        (_stream, _normed) = (new RowMatrix(config.HiddenSize), new RowMatrix(config.HiddenSize));
        (_lastStream, _lastNormed) = (new RowMatrix(config.HiddenSize), new RowMatrix(config.HiddenSize));
        (_queries, _attended) = (new RowMatrix(config.QueryRows), new RowMatrix(config.QueryRows));
        (_keys, _values) = (new RowMatrix(config.KeyValueRows), new RowMatrix(config.KeyValueRows));
        (_gate, _up) = (new RowMatrix(config.IntermediateSize), new RowMatrix(config.IntermediateSize));
        _logits = new RowMatrix(config.VocabularySize);
    }

    private RowMatrix[] ForRows => [_stream, _normed, _queries, _keys, _values, _attended, _gate, _up];

    /// <summary>Scores all targets of a batch, in the batch's order.</summary>
    public void Run(SequenceBatch batch, Span<TargetScore> scores)
    {
        foreach (RowMatrix matrix in ForRows)
            matrix.Reserve(batch.Rows.Count);
        _lastStream.Reserve(batch.PredictingRows.Count);
        _lastNormed.Reserve(batch.PredictingRows.Count);

        int hidden = _model.Config.HiddenSize;
        for (int row = 0; row < batch.Rows.Count; row++)
            _model.Embedding.AsSpan(batch.Inputs[row] * hidden, hidden).CopyTo(_stream.Row(row));
        for (int layer = 0; layer < _model.Layers.Length; layer++)
        {
            // The rest of the last layer is computed only for the rows that predict a target.
            if (layer < _model.Layers.Length - 1)
                Layer(_model.Layers[layer], batch.Rows, batch.Rows, _stream, _normed);
            else
                LastLayer(_model.Layers[layer], batch);
        }

        Normalise(_lastStream, _model.Norm, batch.PredictingRows.Count, _lastNormed);
        Score(batch, scores);
    }

    public void Dispose()
    {
        foreach (RowMatrix matrix in ForRows)
            matrix.Dispose();
        _lastStream.Dispose();
        _lastNormed.Dispose();
        _logits.Dispose();
    }

    private void Layer(PackedLayer layer, BatchRows rows, BatchRows queryRows, RowMatrix stream, RowMatrix normed)
    {
        Normalise(stream, layer.AttentionNorm, rows.Count, normed);
        KeysAndValues(layer, rows);
        Rest(layer, rows, queryRows, stream, normed);
    }

    private void LastLayer(PackedLayer layer, SequenceBatch batch)
    {
        Normalise(_stream, layer.AttentionNorm, batch.Rows.Count, _normed);
        KeysAndValues(layer, batch.Rows);
        for (int row = 0; row < batch.PredictingRows.Count; row++)
        {
            _stream.Row(batch.PredictingRowSources[row]).CopyTo(_lastStream.Row(row));
            _normed.Row(batch.PredictingRowSources[row]).CopyTo(_lastNormed.Row(row));
        }

        Rest(layer, batch.Rows, batch.PredictingRows, _lastStream, _lastNormed);
    }

    private void KeysAndValues(PackedLayer layer, BatchRows rows)
    {
        Multiply(_normed, rows.Count, layer.Key, _keys);
        Multiply(_normed, rows.Count, layer.Value, _values);
        for (int row = 0; row < rows.Count; row++)
        {
            RowOperations.Add(layer.Biases?.Key, _keys.Row(row));
            RowOperations.Add(layer.Biases?.Value, _values.Row(row));
            RowOperations.NormaliseHeads(_keys.Row(row), layer.HeadNorms?.Key, _model.Config.RmsNormEpsilon);
            _rotary.Apply(_keys.Row(row), rows.Positions[row]);
        }
    }

    /// <summary>Computes the queries and the rest of the layer, once the keys and values are there.</summary>
    private void Rest(PackedLayer layer, BatchRows rows, BatchRows queryRows, RowMatrix stream, RowMatrix normed)
    {
        int count = queryRows.Count;
        Multiply(normed, count, layer.Query, _queries);
        for (int row = 0; row < count; row++)
        {
            RowOperations.Add(layer.Biases?.Query, _queries.Row(row));
            RowOperations.NormaliseHeads(_queries.Row(row), layer.HeadNorms?.Query, _model.Config.RmsNormEpsilon);
            _rotary.Apply(_queries.Row(row), queryRows.Positions[row]);
        }

        _attention.Run(_queries, queryRows, _keys, _values, rows, _attended);
        Multiply(_attended, count, layer.Output, stream, add: true);

        Normalise(stream, layer.MlpNorm, count, normed);
        Multiply(normed, count, layer.Gate, _gate);
        Multiply(normed, count, layer.Up, _up);
        for (int row = 0; row < count; row++)
            RowOperations.Gate(_gate.Row(row), _up.Row(row));
        Multiply(_gate, count, layer.Down, stream, add: true);
    }

    /// <summary>Computes the logits of a few rows at a time, since a vocabulary can be large.</summary>
    private void Score(SequenceBatch batch, Span<TargetScore> scores)
    {
        int slice = Math.Max(1, LogitNumbers / _logits.Stride / MatrixProduct.RowBlock) * MatrixProduct.RowBlock;
        _logits.Reserve(Math.Min(slice, batch.Targets.Length));
        for (int first = 0; first < batch.Targets.Length; first += slice)
        {
            int count = Math.Min(slice, batch.Targets.Length - first);
            MatrixProduct.Run(_lastNormed, first, count, _model.Head, _logits, add: false, _model.Width);
            for (int row = 0; row < count; row++)
            {
                double likelihood = RowOperations.LogSoftmax(_logits.Row(row), batch.Targets[first + row], out bool isLikeliest);
                scores[first + row] = new TargetScore(likelihood, isLikeliest);
            }
        }
    }

    private void Normalise(RowMatrix x, float[] weight, int rows, RowMatrix y)
    {
        for (int row = 0; row < rows; row++)
            RowOperations.Normalise(x.Row(row), weight, _model.Config.RmsNormEpsilon, y.Row(row));
    }

    private void Multiply(RowMatrix x, int rows, PackedMatrix weights, RowMatrix y, bool add = false) =>
        MatrixProduct.Run(x, 0, rows, weights, y, add, _model.Width);
}
