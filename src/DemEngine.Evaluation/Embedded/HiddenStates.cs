using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Evaluation.Language;
using DemEngine.Memory;
using DemEngine.Numerics.Simd;

namespace DemEngine.Evaluation.Embedded;

/// <summary>
/// Computes the hidden states with which a decoder enters each of its layers, in binary32. One layer at a time is in memory, and
/// all sequences go through it before the next is loaded, so that the model may be larger than the memory.
/// </summary>
internal sealed class HiddenStates
{
    private const int MaxRows = 240;
    private const int MinRows = 48;

    private readonly LlamaConfig _config;
    private readonly Func<string, ITensorData> _find;
    private readonly int _threads;
    private readonly VectorWidth _width;

    /// <param name="config">Configuration of the model.</param>
    /// <param name="find">Function that gives a tensor of the model by name.</param>
    /// <param name="threads">Number of threads; the states do not depend on it.</param>
    /// <param name="width">Width of the vectors that matrices are multiplied with; the states do not depend on it.</param>
    public HiddenStates(LlamaConfig config, Func<string, ITensorData> find, int threads, VectorWidth width)
    {
        _config = config;
        _find = find;
        _threads = threads;
        _width = width;
    }

    /// <summary>Computes the states of the last token of each sequence.</summary>
    /// <param name="sequences">Token ids of each sequence, at least one.</param>
    /// <param name="cancel">Token by which the computation is stopped.</param>
    /// <returns>For each layer and each sequence the state [hidden size] with which the layer is entered.</returns>
    public float[][][] OfLastTokens(IReadOnlyList<ImmutableArray<int>> sequences, CancellationToken cancel)
    {
        int layers = _config.Layers;
        int longest = sequences.Max(sequence => sequence.Length);
        var rotary = new RotaryTable(_config, longest);
        int rows = Math.Clamp(sequences.Sum(sequence => sequence.Length) / _threads, MinRows, MaxRows);
        ImmutableArray<PromptBatch> batches = PromptBatch.Cut(sequences, rows, _config.HiddenSize);
        try
        {
            ITensorData embedding = _find(LlamaTensors.Embedding);
            foreach (PromptBatch batch in batches)
                batch.Embed(embedding);
            var states = new float[layers][][];
            for (int layer = 0; layer < layers; layer++)
            {
                states[layer] = [.. batches.SelectMany(batch => batch.LastStates())];
                if (layer < layers - 1)
                    Run(layer, batches, rotary, cancel);
            }

            return states;
        }
        finally
        {
            foreach (PromptBatch batch in batches)
                batch.Dispose();
        }
    }

    private void Run(int layer, ImmutableArray<PromptBatch> batches, RotaryTable rotary, CancellationToken cancel)
    {
        using var weights = new DecoderLayer(_config, layer, _find, _width, _threads, cancel);
        int next = -1;
        WorkerThreads.Run(
            Math.Min(_threads, batches.Length),
            (_, stop) =>
            {
                using var forward = new DecoderForward(_config, rotary, _width);
                for (int k = Interlocked.Increment(ref next); k < batches.Length; k = Interlocked.Increment(ref next))
                {
                    stop.ThrowIfCancellationRequested();
                    forward.Run(weights, batches[k].Rows, batches[k].Stream);
                }
            },
            cancel);
    }
}
