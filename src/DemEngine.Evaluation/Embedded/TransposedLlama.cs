using System.Collections.Immutable;
using DemEngine.Evaluation.Language;
using DemEngine.Memory;
using DemEngine.Numerics.Simd;

namespace DemEngine.Evaluation.Embedded;

/// <summary>The transposed matrices of one layer.</summary>
internal sealed record TransposedLayer(
    PackedMatrix Query,
    PackedMatrix Key,
    PackedMatrix Value,
    PackedMatrix Output,
    PackedMatrix Gate,
    PackedMatrix Up,
    PackedMatrix Down);

/// <summary>
/// A model's matrices transposed, by which a backward pass multiplies. Models are loaded into the same memory one after another.
/// </summary>
internal sealed class TransposedLlama : IDisposable
{
    private readonly List<(string Name, PackedMatrix Matrix)> _matrices = [];
    private readonly VectorWidth _width;

    public TransposedLlama(LlamaConfig config, VectorWidth width)
    {
        _width = width;
        Layers =
        [
            .. Enumerable.Range(0, config.Layers).Select(layer => new TransposedLayer(
                Matrix(LlamaTensors.Query(layer), config.QueryRows, config.HiddenSize),
                Matrix(LlamaTensors.Key(layer), config.KeyValueRows, config.HiddenSize),
                Matrix(LlamaTensors.Value(layer), config.KeyValueRows, config.HiddenSize),
                Matrix(LlamaTensors.Output(layer), config.HiddenSize, config.QueryRows),
                Matrix(LlamaTensors.Gate(layer), config.IntermediateSize, config.HiddenSize),
                Matrix(LlamaTensors.Up(layer), config.IntermediateSize, config.HiddenSize),
                Matrix(LlamaTensors.Down(layer), config.HiddenSize, config.IntermediateSize))),
        ];
        Head = Matrix(
            config.TieEmbeddings ? LlamaTensors.Embedding : LlamaTensors.Head, config.VocabularySize, config.HiddenSize);
    }

    public ImmutableArray<TransposedLayer> Layers { get; }

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
                for (int k = Interlocked.Increment(ref next); k < _matrices.Count; k = Interlocked.Increment(ref next))
                {
                    stop.ThrowIfCancellationRequested();
                    _matrices[k].Matrix.LoadTransposed(model.Find(_matrices[k].Name)!, ref scratch);
                }
            },
            cancel);
    }

    public void Dispose()
    {
        foreach (var (_, matrix) in _matrices)
            matrix.Dispose();
    }

    // The tensor is [outputs, inputs]; its transpose has them exchanged.
    private PackedMatrix Matrix(string name, int outputs, int inputs)
    {
        _matrices.Add((name, new PackedMatrix(inputs, outputs, MatrixProduct.PanelColumns(_width))));
        return _matrices[^1].Matrix;
    }
}
