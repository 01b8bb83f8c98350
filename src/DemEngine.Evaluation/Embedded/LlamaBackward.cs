using System.Collections.Immutable;
using DemEngine.Evaluation.Language;

namespace DemEngine.Evaluation.Embedded;

/// <summary>
/// A forward pass that keeps what a backward pass needs, and the backward pass: reverse accumulation through the layers
/// (Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", 1986). Of a linear layer y = W·x, dx =
/// Wᵀ·dy and dW = Σ dy·xᵀ over the rows. Each row of dW is multiplied by the directions as soon as it is made. Each instance has
/// its own memory and serves one thread.
/// </summary>
internal sealed class LlamaBackward : IDisposable
{
    private readonly PackedLlama _model;
    private readonly TransposedLlama _transposed;
    private readonly RotaryTable _rotary;
    private readonly SlopeTable _table;
    private readonly CausalAttention _attention;
    private readonly AttentionGradient _attentionGradient;
    private readonly ImmutableArray<KeptLayer> _kept;
    private readonly List<RowMatrix> _all = [];
    private readonly RowMatrix _stream, _normed, _hidden, _predicting, _logits, _inner;
    private readonly RowMatrix _dStream, _dNormed, _dPredicting, _dHidden, _dQueries, _dAttended, _dKeys, _dValues;
    private readonly RowMatrix _dInner, _dGate, _dUp;
    private readonly float[] _row, _norm;

    public LlamaBackward(PackedLlama model, TransposedLlama transposed, RotaryTable rotary, SlopeTable table)
    {
        LlamaConfig config = model.Config;
        (_model, _transposed, _rotary, _table) = (model, transposed, rotary, table);
        _attention = new CausalAttention(config);
        _attentionGradient = new AttentionGradient(config);
        int hidden = config.HiddenSize, queries = config.QueryRows, keys = config.KeyValueRows, inner = config.IntermediateSize;
        _kept =
        [
            .. Enumerable.Range(0, config.Layers).Select(_ => new KeptLayer(
                Rows(hidden), Rows(queries), Rows(keys), Rows(keys), Rows(queries), Rows(hidden), Rows(inner), Rows(inner))
            {
                Unnormalised = config.HasHeadNorms ? (Rows(queries), Rows(keys)) : null,
            }),
        ];
        (_stream, _normed, _hidden, _predicting) = (Rows(hidden), Rows(hidden), Rows(hidden), Rows(hidden));
        (_logits, _inner) = (Rows(config.VocabularySize), Rows(inner));
        (_dStream, _dNormed, _dPredicting, _dHidden) = (Rows(hidden), Rows(hidden), Rows(hidden), Rows(hidden));
        (_dQueries, _dAttended, _dKeys, _dValues) = (Rows(queries), Rows(queries), Rows(keys), Rows(keys));
        (_dInner, _dGate, _dUp) = (Rows(inner), Rows(inner), Rows(inner));
        _row = new float[Math.Max(Math.Max(hidden, inner), Math.Max(queries, keys))];
        _norm = new float[Math.Max(hidden, config.HeadSize)];
    }

    /// <summary>Scores the targets of a batch and differentiates their summed loss.</summary>
    /// <param name="batch">Sequences.</param>
    /// <param name="scores">Destination of the scores of all targets, in the batch's order.</param>
    /// <param name="factor">Factor on the losses: one over the number of targets of the set that the batch is part of.</param>
    /// <param name="slopes">Derivatives to add to; see <see cref="SlopeTable"/>.</param>
    public void Run(SequenceBatch batch, Span<TargetScore> scores, double factor, Span<double> slopes)
    {
        int rows = batch.Rows.Count;
        foreach (RowMatrix matrix in _all)
            matrix.Reserve(rows);
        Forward(batch);
        Head(batch, scores, factor, slopes);
        for (int layer = _kept.Length - 1; layer >= 0; layer--)
            Back(layer, batch.Rows, slopes);
        for (int row = 0; row < rows; row++)
            _table.Add(slopes, LlamaTensors.Embedding, batch.Inputs[row], _dStream.Row(row));
    }

    public void Dispose()
    {
        foreach (RowMatrix matrix in _all)
            matrix.Dispose();
    }

    private RowMatrix Rows(int columns)
    {
        _all.Add(new RowMatrix(columns));
        return _all[^1];
    }

    private void Forward(SequenceBatch batch)
    {
        int rows = batch.Rows.Count, hidden = _model.Config.HiddenSize;
        for (int row = 0; row < rows; row++)
            _model.Embedding.AsSpan(batch.Inputs[row] * hidden, hidden).CopyTo(_stream.Row(row));
        for (int k = 0; k < _kept.Length; k++)
        {
            (PackedLayer layer, KeptLayer kept) = (_model.Layers[k], _kept[k]);
            Copy(_stream, kept.Stream, rows);
            Normalise(kept.Stream, layer.AttentionNorm, rows);
            Multiply(_normed, rows, layer.Query, kept.Queries);
            Multiply(_normed, rows, layer.Key, kept.Keys);
            Multiply(_normed, rows, layer.Value, kept.Values);
            for (int row = 0; row < rows; row++)
            {
                RowOperations.Add(layer.Biases?.Query, kept.Queries.Row(row));
                RowOperations.Add(layer.Biases?.Key, kept.Keys.Row(row));
                RowOperations.Add(layer.Biases?.Value, kept.Values.Row(row));
            }

            if (kept.Unnormalised is { } raw)
            {
                Copy(kept.Queries, raw.Queries, rows);
                Copy(kept.Keys, raw.Keys, rows);
            }

            for (int row = 0; row < rows; row++)
            {
                RowOperations.NormaliseHeads(kept.Queries.Row(row), layer.HeadNorms?.Query, _model.Config.RmsNormEpsilon);
                RowOperations.NormaliseHeads(kept.Keys.Row(row), layer.HeadNorms?.Key, _model.Config.RmsNormEpsilon);
                _rotary.Apply(kept.Queries.Row(row), batch.Rows.Positions[row]);
                _rotary.Apply(kept.Keys.Row(row), batch.Rows.Positions[row]);
            }

            _attention.Run(kept.Queries, batch.Rows, kept.Keys, kept.Values, batch.Rows, kept.Attended);
            Multiply(kept.Attended, rows, layer.Output, _stream, add: true);
            Copy(_stream, kept.Middle, rows);
            Normalise(kept.Middle, layer.MlpNorm, rows);
            Multiply(_normed, rows, layer.Gate, kept.Gate);
            Multiply(_normed, rows, layer.Up, kept.Up);
            for (int row = 0; row < rows; row++)
            {
                kept.Gate.Row(row).CopyTo(_inner.Row(row));
                RowOperations.Gate(_inner.Row(row), kept.Up.Row(row));
            }

            Multiply(_inner, rows, layer.Down, _stream, add: true);
        }
    }

    /// <summary>Computes the logits, the scores, and the derivatives by the stream after the last layer.</summary>
    private void Head(SequenceBatch batch, Span<TargetScore> scores, double factor, Span<double> slopes)
    {
        int count = batch.Targets.Length;
        for (int row = 0; row < count; row++)
        {
            _stream.Row(batch.PredictingRowSources[row]).CopyTo(_predicting.Row(row));
            RowOperations.Normalise(_predicting.Row(row), _model.Norm, _model.Config.RmsNormEpsilon, _hidden.Row(row));
        }

        Multiply(_hidden, count, _model.Head, _logits);
        for (int row = 0; row < count; row++)
        {
            double likelihood = RowOperations.LogSoftmax(_logits.Row(row), batch.Targets[row], out bool isLikeliest);
            scores[row] = new TargetScore(likelihood, isLikeliest);
            RowGradients.CrossEntropy(_logits.Row(row), batch.Targets[row], factor);
        }

        Slopes(_model.Config.TieEmbeddings ? LlamaTensors.Embedding : LlamaTensors.Head, _logits, _hidden, count, slopes);
        Multiply(_logits, count, _transposed.Head, _dHidden);
        Clear(_dPredicting, count);
        Unnormalise(_predicting, _model.Norm, LlamaTensors.Norm, _dHidden, _dPredicting, count, slopes);
        Clear(_dStream, batch.Rows.Count);
        for (int row = 0; row < count; row++)
            RowGradients.Add(1, _dPredicting.Row(row), _dStream.Row(batch.PredictingRowSources[row]));
    }

    /// <summary>Goes back through a layer: from the derivatives by its output, in the stream, to those by its input.</summary>
    private void Back(int index, BatchRows batch, Span<double> slopes)
    {
        (PackedLayer layer, TransposedLayer transposed, KeptLayer kept) =
            (_model.Layers[index], _transposed.Layers[index], _kept[index]);
        int rows = batch.Count;

        Normalise(kept.Middle, layer.MlpNorm, rows);
        for (int row = 0; row < rows; row++)
        {
            kept.Gate.Row(row).CopyTo(_inner.Row(row));
            RowOperations.Gate(_inner.Row(row), kept.Up.Row(row));
        }

        Slopes(LlamaTensors.Down(index), _dStream, _inner, rows, slopes);
        Multiply(_dStream, rows, transposed.Down, _dInner);
        for (int row = 0; row < rows; row++)
            RowGradients.Gate(kept.Gate.Row(row), kept.Up.Row(row), _dInner.Row(row), _dGate.Row(row), _dUp.Row(row));
        Slopes(LlamaTensors.Gate(index), _dGate, _normed, rows, slopes);
        Slopes(LlamaTensors.Up(index), _dUp, _normed, rows, slopes);
        Multiply(_dGate, rows, transposed.Gate, _dNormed);
        Multiply(_dUp, rows, transposed.Up, _dNormed, add: true);
        Unnormalise(kept.Middle, layer.MlpNorm, LlamaTensors.MlpNorm(index), _dNormed, _dStream, rows, slopes);

        Normalise(kept.Stream, layer.AttentionNorm, rows);
        Slopes(LlamaTensors.Output(index), _dStream, kept.Attended, rows, slopes);
        Multiply(_dStream, rows, transposed.Output, _dAttended);
        _attentionGradient.Run(
            kept.Queries, kept.Keys, kept.Values, batch, _dAttended, _dQueries, _dKeys, _dValues);
        for (int row = 0; row < rows; row++)
        {
            _rotary.Undo(_dQueries.Row(row), batch.Positions[row]);
            _rotary.Undo(_dKeys.Row(row), batch.Positions[row]);
        }

        if (layer.HeadNorms is { } norms && kept.Unnormalised is { } raw)
        {
            UnnormaliseHeads(raw.Queries, norms.Query, LlamaTensors.QueryNorm(index), _dQueries, rows, slopes);
            UnnormaliseHeads(raw.Keys, norms.Key, LlamaTensors.KeyNorm(index), _dKeys, rows, slopes);
        }

        if (layer.Biases is not null)
        {
            BiasSlopes(LlamaTensors.Query(index), _dQueries, rows, slopes);
            BiasSlopes(LlamaTensors.Key(index), _dKeys, rows, slopes);
            BiasSlopes(LlamaTensors.Value(index), _dValues, rows, slopes);
        }

        Slopes(LlamaTensors.Query(index), _dQueries, _normed, rows, slopes);
        Slopes(LlamaTensors.Key(index), _dKeys, _normed, rows, slopes);
        Slopes(LlamaTensors.Value(index), _dValues, _normed, rows, slopes);
        Multiply(_dQueries, rows, transposed.Query, _dNormed);
        Multiply(_dKeys, rows, transposed.Key, _dNormed, add: true);
        Multiply(_dValues, rows, transposed.Value, _dNormed, add: true);
        Unnormalise(kept.Stream, layer.AttentionNorm, LlamaTensors.AttentionNorm(index), _dNormed, _dStream, rows, slopes);
    }

    /// <summary>Makes each row of dW = dYᵀ·X and multiplies it by the directions.</summary>
    private void Slopes(string tensor, RowMatrix dy, RowMatrix x, int rows, Span<double> slopes)
    {
        Span<float> gradient = _row.AsSpan(0, x.Columns);
        for (int output = 0; output < dy.Columns; output++)
        {
            gradient.Clear();
            for (int row = 0; row < rows; row++)
            {
                if (dy.Row(row)[output] is var factor && factor != 0)
                    RowGradients.Add(factor, x.Row(row), gradient);
            }

            _table.Add(slopes, tensor, output, gradient);
        }
    }

    /// <summary>The derivative by a bias is the sum of those by the rows that it is added to.</summary>
    private void BiasSlopes(string matrix, RowMatrix dy, int rows, Span<double> slopes)
    {
        Span<float> gradient = _row.AsSpan(0, dy.Columns);
        gradient.Clear();
        for (int row = 0; row < rows; row++)
            RowGradients.Add(1, dy.Row(row), gradient);
        _table.Add(slopes, LlamaTensors.BiasOf(matrix), 0, gradient);
    }

    // Replaces the derivatives by the normalised heads by those by the heads.
    private void UnnormaliseHeads(RowMatrix x, float[] weight, string tensor, RowMatrix d, int rows, Span<double> slopes)
    {
        int size = weight.Length;
        Span<float> dWeight = _norm.AsSpan(0, size), dHead = _row.AsSpan(0, size);
        dWeight.Clear();
        for (int row = 0; row < rows; row++)
        {
            for (int at = 0; at < x.Columns; at += size)
            {
                dHead.Clear();
                RowGradients.Normalise(
                    x.Row(row).Slice(at, size),
                    weight,
                    _model.Config.RmsNormEpsilon,
                    d.Row(row).Slice(at, size),
                    dHead,
                    dWeight);
                dHead.CopyTo(d.Row(row)[at..]);
            }
        }

        _table.Add(slopes, tensor, 0, dWeight);
    }

    private void Unnormalise(
        RowMatrix x, float[] weight, string tensor, RowMatrix dy, RowMatrix dx, int rows, Span<double> slopes)
    {
        Span<float> dWeight = _norm.AsSpan(0, weight.Length);
        dWeight.Clear();
        for (int row = 0; row < rows; row++)
            RowGradients.Normalise(x.Row(row), weight, _model.Config.RmsNormEpsilon, dy.Row(row), dx.Row(row), dWeight);
        _table.Add(slopes, tensor, 0, dWeight);
    }

    private void Normalise(RowMatrix x, float[] weight, int rows)
    {
        for (int row = 0; row < rows; row++)
            RowOperations.Normalise(x.Row(row), weight, _model.Config.RmsNormEpsilon, _normed.Row(row));
    }

    private void Multiply(RowMatrix x, int rows, PackedMatrix weights, RowMatrix y, bool add = false) =>
        MatrixProduct.Run(x, 0, rows, weights, y, add, _model.Width);

    private static void Copy(RowMatrix from, RowMatrix to, int rows)
    {
        for (int row = 0; row < rows; row++)
            from.Row(row).CopyTo(to.Row(row));
    }

    private static void Clear(RowMatrix matrix, int rows)
    {
        for (int row = 0; row < rows; row++)
            matrix.Row(row).Clear();
    }

    /// <summary>What the backward pass needs of a layer.</summary>
    private sealed record KeptLayer(
        RowMatrix Stream,
        RowMatrix Queries,
        RowMatrix Keys,
        RowMatrix Values,
        RowMatrix Attended,
        RowMatrix Middle,
        RowMatrix Gate,
        RowMatrix Up)
    {
        /// <summary>Queries and keys before their heads are normalised; null if they are not.</summary>
        public (RowMatrix Queries, RowMatrix Keys)? Unnormalised { get; init; }
    }
}
