using DemEngine.Evaluation.Language;
using DemEngine.Numerics.Simd;

namespace DemEngine.Evaluation.Embedded;

/// <summary>
/// One layer of a decoder over a batch, in binary32: x += attention(norm(x)); x += MLP(norm(x)). Each instance has its own
/// scratch memory and serves one thread.
/// </summary>
internal sealed class DecoderForward : IDisposable
{
    private readonly LlamaConfig _config;
    private readonly RotaryTable _rotary;
    private readonly VectorWidth _width;
    private readonly CausalAttention _attention;
    private readonly RowMatrix _normed, _queries, _keys, _values, _attended, _gate, _up;

    public DecoderForward(LlamaConfig config, RotaryTable rotary, VectorWidth width)
    {
        LlamaConfig sizes = config;
        (_config, _rotary, _width) = (config, rotary, width);
        _attention = new CausalAttention(sizes);
        _normed = new RowMatrix(sizes.HiddenSize);
        (_queries, _attended) = (new RowMatrix(sizes.QueryRows), new RowMatrix(sizes.QueryRows));
        (_keys, _values) = (new RowMatrix(sizes.KeyValueRows), new RowMatrix(sizes.KeyValueRows));
        (_gate, _up) = (new RowMatrix(sizes.IntermediateSize), new RowMatrix(sizes.IntermediateSize));
    }

    private RowMatrix[] Scratch => [_normed, _queries, _keys, _values, _attended, _gate, _up];

    /// <summary>Passes a batch through a layer.</summary>
    /// <param name="layer">Weights of the layer.</param>
    /// <param name="rows">Positions of the rows.</param>
    /// <param name="stream">Hidden states, which become those behind the layer.</param>
    public void Run(DecoderLayer layer, BatchRows rows, RowMatrix stream)
    {
        foreach (RowMatrix matrix in Scratch)
            matrix.Reserve(rows.Count);
        Normalise(stream, layer.AttentionNorm, rows.Count);
        Project(layer.Query, rows, _queries, isRotated: true);
        Project(layer.Key, rows, _keys, isRotated: true);
        Project(layer.Value, rows, _values, isRotated: false);
        _attention.Run(_queries, rows, _keys, _values, rows, _attended);
        Multiply(_attended, rows.Count, layer.Output, stream, add: true);

        Normalise(stream, layer.MlpNorm, rows.Count);
        Multiply(_normed, rows.Count, layer.Gate, _gate);
        Multiply(_normed, rows.Count, layer.Up, _up);
        for (int row = 0; row < rows.Count; row++)
            RowOperations.Gate(_gate.Row(row), _up.Row(row));
        Multiply(_gate, rows.Count, layer.Down, stream, add: true);
    }

    public void Dispose()
    {
        foreach (RowMatrix matrix in Scratch)
            matrix.Dispose();
    }

    private void Project(DecoderProjection projection, BatchRows rows, RowMatrix output, bool isRotated)
    {
        Multiply(_normed, rows.Count, projection.Matrix, output);
        for (int row = 0; row < rows.Count; row++)
        {
            Span<float> values = output.Row(row);
            RowOperations.Add(projection.Bias, values);
            RowOperations.NormaliseHeads(values, projection.HeadNorm, _config.RmsNormEpsilon);
            if (isRotated)
                _rotary.Apply(values, rows.Positions[row]);
        }
    }

    private void Normalise(RowMatrix x, float[] weight, int rows)
    {
        for (int row = 0; row < rows; row++)
            RowOperations.Normalise(x.Row(row), weight, _config.RmsNormEpsilon, _normed.Row(row));
    }

    private void Multiply(RowMatrix x, int rows, PackedMatrix weights, RowMatrix y, bool add = false) =>
        MatrixProduct.Run(x, 0, rows, weights, y, add, _width);
}
