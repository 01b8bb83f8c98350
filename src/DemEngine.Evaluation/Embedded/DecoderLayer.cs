using DemEngine.Checkpoints;
using DemEngine.Evaluation.Language;
using DemEngine.Memory;
using DemEngine.Numerics.Simd;

namespace DemEngine.Evaluation.Embedded;

/// <summary>The weights of one layer of a decoder as binary32, loaded for this layer alone.</summary>
internal sealed class DecoderLayer : IDisposable
{
    private readonly List<Action<float[]>> _loads = [];
    private readonly List<PackedMatrix> _matrices = [];
    private readonly Func<string, ITensorData> _find;
    private readonly VectorWidth _width;

    /// <param name="config">Configuration of the model.</param>
    /// <param name="layer">Number of the layer.</param>
    /// <param name="find">Function that gives a tensor of the model by name.</param>
    /// <param name="width">Width of the vectors that matrices are multiplied with.</param>
    /// <param name="threads">Number of threads that load matrices.</param>
    /// <param name="cancel">Token by which loading is stopped.</param>
    public DecoderLayer(
        LlamaConfig config, int layer, Func<string, ITensorData> find, VectorWidth width, int threads, CancellationToken cancel)
    {
        LlamaConfig sizes = config;
        (_find, _width) = (find, width);
        AttentionNorm = Vector(LlamaTensors.AttentionNorm(layer), sizes.HiddenSize);
        MlpNorm = Vector(LlamaTensors.MlpNorm(layer), sizes.HiddenSize);
        Gate = Matrix(LlamaTensors.Gate(layer), sizes.IntermediateSize, sizes.HiddenSize);
        Up = Matrix(LlamaTensors.Up(layer), sizes.IntermediateSize, sizes.HiddenSize);
        Down = Matrix(LlamaTensors.Down(layer), sizes.HiddenSize, sizes.IntermediateSize);
        Query = Projection(LlamaTensors.Query(layer), sizes.QueryRows, LlamaTensors.QueryNorm(layer));
        Key = Projection(LlamaTensors.Key(layer), sizes.KeyValueRows, LlamaTensors.KeyNorm(layer));
        Value = Projection(LlamaTensors.Value(layer), sizes.KeyValueRows, norm: null);
        Output = Matrix(LlamaTensors.Output(layer), sizes.HiddenSize, sizes.QueryRows);
        Load(threads, cancel);

        DecoderProjection Projection(string name, int rows, string? norm) => new(
            Matrix(name, rows, sizes.HiddenSize),
            config.HasBiases ? Vector(LlamaTensors.BiasOf(name), rows) : null,
            config.HasHeadNorms && norm is not null ? Vector(norm, sizes.HeadSize) : null);
    }

    public float[] AttentionNorm { get; }

    public DecoderProjection Query { get; }

    public DecoderProjection Key { get; }

    public DecoderProjection Value { get; }

    public PackedMatrix Output { get; }

    public float[] MlpNorm { get; }

    public PackedMatrix Gate { get; }

    public PackedMatrix Up { get; }

    public PackedMatrix Down { get; }

    public void Dispose()
    {
        foreach (PackedMatrix matrix in _matrices)
            matrix.Dispose();
    }

    private void Load(int threads, CancellationToken cancel)
    {
        try
        {
            int next = -1;
            WorkerThreads.Run(
                Math.Min(threads, _loads.Count),
                (_, stop) =>
                {
                    float[] scratch = [];
                    for (int k = Interlocked.Increment(ref next); k < _loads.Count; k = Interlocked.Increment(ref next))
                    {
                        stop.ThrowIfCancellationRequested();
                        _loads[k](scratch);
                    }
                },
                cancel);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private float[] Vector(string name, int length)
    {
        var values = new float[length];
        WeightDecoding.Decode(_find(name), values);
        return values;
    }

    private PackedMatrix Matrix(string name, int outputs, int inputs)
    {
        var matrix = new PackedMatrix(outputs, inputs, MatrixProduct.PanelColumns(_width));
        ITensorData tensor = _find(name);
        _matrices.Add(matrix);
        _loads.Add(scratch => matrix.Load(tensor, ref scratch));
        return matrix;
    }
}

/// <summary>What makes queries, keys or values of a layer.</summary>
/// <param name="Matrix">Matrix that multiplies the normalised hidden state.</param>
/// <param name="Bias">What is added; null for nothing.</param>
/// <param name="HeadNorm">Weights with which each head is normalised; null if it is not.</param>
internal sealed record DecoderProjection(PackedMatrix Matrix, float[]? Bias, float[]? HeadNorm);
