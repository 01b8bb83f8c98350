using System.Collections.Immutable;
using DemEngine.Evaluation.Language;
using DemEngine.Memory;
using DemEngine.Numerics.Simd;

namespace DemEngine.Evaluation.Embedded;

/// <summary>The weights of one layer.</summary>
internal sealed record PackedLayer(
    float[] AttentionNorm,
    PackedMatrix Query,
    PackedMatrix Key,
    PackedMatrix Value,
    PackedMatrix Output,
    float[] MlpNorm,
    PackedMatrix Gate,
    PackedMatrix Up,
    PackedMatrix Down)
{
    /// <summary>Biases of queries, keys and values; null for none.</summary>
    public (float[] Query, float[] Key, float[] Value)? Biases { get; init; }

    /// <summary>Weights with which each head of queries and of keys is normalised; null if they are not.</summary>
    public (float[] Query, float[] Key)? HeadNorms { get; init; }
}

/// <summary>
/// A model's weights as binary32 in the order of the computation. Models are loaded into the same memory one after another.
/// </summary>
internal sealed class PackedLlama : IDisposable
{
    private readonly List<(string Name, float[] Values)> _vectors = [];
    private readonly List<(string Name, PackedMatrix Matrix)> _matrices = [];

    public PackedLlama(LlamaConfig config, VectorWidth width)
    {
        Config = config;
        Width = width;
        Layers =
        [
            .. Enumerable.Range(0, config.Layers).Select(layer => new PackedLayer(
                Vector(LlamaTensors.AttentionNorm(layer), config.HiddenSize),
                Matrix(LlamaTensors.Query(layer), config.QueryRows, config.HiddenSize),
                Matrix(LlamaTensors.Key(layer), config.KeyValueRows, config.HiddenSize),
                Matrix(LlamaTensors.Value(layer), config.KeyValueRows, config.HiddenSize),
                Matrix(LlamaTensors.Output(layer), config.HiddenSize, config.QueryRows),
                Vector(LlamaTensors.MlpNorm(layer), config.HiddenSize),
                Matrix(LlamaTensors.Gate(layer), config.IntermediateSize, config.HiddenSize),
                Matrix(LlamaTensors.Up(layer), config.IntermediateSize, config.HiddenSize),
                Matrix(LlamaTensors.Down(layer), config.HiddenSize, config.IntermediateSize))
            {
                Biases = config.HasBiases
                    ? (Bias(LlamaTensors.Query(layer), config.QueryRows),
                        Bias(LlamaTensors.Key(layer), config.KeyValueRows),
                        Bias(LlamaTensors.Value(layer), config.KeyValueRows))
                    : null,
                HeadNorms = config.HasHeadNorms
                    ? (Vector(LlamaTensors.QueryNorm(layer), config.HeadSize),
                        Vector(LlamaTensors.KeyNorm(layer), config.HeadSize))
                    : null,
            }),
        ];
        Embedding = Vector(LlamaTensors.Embedding, checked(config.VocabularySize * config.HiddenSize));
        Norm = Vector(LlamaTensors.Norm, config.HiddenSize);
        Head = Matrix(
            config.TieEmbeddings ? LlamaTensors.Embedding : LlamaTensors.Head, config.VocabularySize, config.HiddenSize);
    }

    public LlamaConfig Config { get; }

    public VectorWidth Width { get; }

    public ImmutableArray<PackedLayer> Layers { get; }

    /// <summary>Embedding matrix [vocabulary, hidden], row by row.</summary>
    public float[] Embedding { get; }

    public float[] Norm { get; }

    public PackedMatrix Head { get; }

    /// <summary>Loads the weights of a model of the same configuration.</summary>
    public void Load(IModelWeights model, int threads, CancellationToken cancel)
    {
        int next = -1;
        WorkerThreads.Run(
            threads,
            (_, stop) =>
            {
                float[] scratch = [];
                for (int k = Interlocked.Increment(ref next);
                    k < _vectors.Count + _matrices.Count;
                    k = Interlocked.Increment(ref next))
                {
                    stop.ThrowIfCancellationRequested();
                    if (k < _vectors.Count)
                        WeightDecoding.Decode(model.Find(_vectors[k].Name)!, _vectors[k].Values);
                    else
                        _matrices[k - _vectors.Count].Matrix.Load(model.Find(_matrices[k - _vectors.Count].Name)!, ref scratch);
                }
            },
            cancel);
    }

    public void Dispose()
    {
        foreach (var (_, matrix) in _matrices)
            matrix.Dispose();
    }

    private float[] Bias(string matrix, int rows) => Vector(LlamaTensors.BiasOf(matrix), rows);

    private float[] Vector(string name, int length)
    {
        _vectors.Add((name, new float[length]));
        return _vectors[^1].Values;
    }

    private PackedMatrix Matrix(string name, int outputs, int inputs)
    {
        _matrices.Add((name, new PackedMatrix(outputs, inputs, MatrixProduct.PanelColumns(Width))));
        return _matrices[^1].Matrix;
    }
}
