using System.Collections.Immutable;
using System.Diagnostics;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Gradients;
using DemEngine.Evaluation.Language;
using DemEngine.Training.Data;
using DemEngine.Training.Models;
using DemEngine.Training.Settings;
using static TorchSharp.torch;

namespace DemEngine.Training.Evaluation;

/// <summary>
/// Evaluates models of the Llama architecture with Torch, on the processor or on a device. The data sets are laid out once, and a
/// model's weights overwrite those of the previous one.
/// </summary>
public sealed class TorchEvaluator : IGradientEvaluator
{
    private readonly ImmutableArray<MeasuredSet> _sets;
    private readonly ImmutableArray<Example> _sequences;
    private readonly ImmutableArray<(ImmutableArray<int> Sequences, TokenBatch Batch)> _batches;
    private readonly Device _device;
    private readonly SequenceLimits _limits;
    private readonly long _maxPositions;
    private LoadedModel? _model;
    private TorchGradient? _gradient;

    /// <summary>Prepares the data sets.</summary>
    /// <param name="sets">Data sets with the metrics to compute; at least one.</param>
    /// <param name="device">Name of the device; see <see cref="DeviceName"/>.</param>
    /// <param name="threads">Number of threads for work on the processor.</param>
    /// <param name="maxPositions">
    /// Maximum number of positions that pass through a model at once, unless a single sequence is longer.
    /// </param>
    /// <exception cref="DemException">
    /// DEM1021 (TorchNotLoaded), DEM1022 (NoTorchDevice): Torch or the device is not available. DEM2116 (MetricNotApplicable): a
    /// metric cannot be computed on its set.
    /// </exception>
    public TorchEvaluator(IEnumerable<MeasuredSet> sets, string device, int threads, long maxPositions = 8192)
    {
        _sets = [.. sets];
        foreach (MeasuredSet set in _sets)
            set.Check();

        _device = TorchLibrary.Open(device, threads);
        Description = device == DeviceName.Processor ? $"Torch, cpu, {threads} threads" : $"Torch, {device}";
        _sequences = [.. _sets.SelectMany(set => SetScoring.Sequences(set))];
        _limits = new SequenceLimits(_sequences);
        _maxPositions = maxPositions;
        _batches =
        [
            .. BatchCut.Of(_sequences, maxPositions)
                .Select(part => (part, TokenBatch.Of([.. part.Select(i => _sequences[i])], _device))),
        ];
    }

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public ImmutableArray<(string Set, Metric Metric)> Measures =>
        [.. _sets.SelectMany(set => set.Metrics.Select(metric => (set.Data.Name, metric)))];

    /// <inheritdoc/>
    public ModelScores Evaluate(IModelWeights model, CancellationToken cancel = default)
    {
        long start = Stopwatch.GetTimestamp();
        Load(model);
        return Score(start, cancel);
    }

    /// <inheritdoc/>
    public GradientScores Differentiate(IModelWeights model, IWeightDirections directions, CancellationToken cancel = default)
    {
        long start = Stopwatch.GetTimestamp();
        LoadedModel loaded = Load(model);
        _gradient ??= new TorchGradient(_sets, loaded.Layout, loaded.Config, loaded.Weights, _maxPositions);
        var (tensors, sets) = _gradient.Run(directions, cancel);
        return new GradientScores(Score(start, cancel), tensors, sets);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _gradient?.Dispose();
        _model?.Dispose();
        foreach (var (_, batch) in _batches)
            batch.Dispose();
    }

    private LoadedModel Load(IModelWeights model)
    {
        LlamaConfig config = model.Config;
        _limits.Check(config, model.Name);
        if (_model is null || _model.Config != config)
        {
            _gradient?.Dispose();
            _gradient = null;
            _model?.Dispose();
            _model = new LoadedModel(config, _device);
        }

        _model.Load(model);
        return _model;
    }

    /// <summary>Scores all sets with the weights that are loaded.</summary>
    private ModelScores Score(long start, CancellationToken cancel)
    {
        var scores = new SequenceScore[_sequences.Length];
        foreach (var (sequences, batch) in _batches)
        {
            cancel.ThrowIfCancellationRequested();
            Score(_model!.Decoder, sequences, batch, scores);
        }

        var all = ImmutableArray.CreateBuilder<Score>();
        int first = 0;
        foreach (MeasuredSet set in _sets)
        {
            int count = SetScoring.Sequences(set).Length;
            all.AddRange(SetScoring.Scores(set, scores.AsSpan(first, count)));
            first += count;
        }

        long tokens = _sequences.Sum(sequence => sequence.Tokens.Length - 1L);
        return new ModelScores(all.DrainToImmutable(), tokens, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private static void Score(LlamaDecoder model, ImmutableArray<int> sequences, TokenBatch batch, SequenceScore[] scores)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        Tensor logits = model.Logits(model.Hidden(batch.Tokens).index_select(0, batch.Rows));
        ReadOnlySpan<float> losses = Host<float>(
            nn.functional.cross_entropy(logits, batch.Targets, reduction: nn.Reduction.None));
        ReadOnlySpan<long> likeliest = Host<long>(logits.argmax(1));
        ReadOnlySpan<long> targets = Host<long>(batch.Targets);

        foreach (int sequence in sequences)
            scores[sequence] = new SequenceScore(0, IsGreedy: true);
        for (int n = 0; n < losses.Length; n++)
        {
            ref SequenceScore score = ref scores[sequences[batch.Examples[n]]];
            score = new SequenceScore(score.LogLikelihood - losses[n], score.IsGreedy && likeliest[n] == targets[n]);
        }
    }

    private static ReadOnlySpan<T> Host<T>(Tensor tensor)
        where T : unmanaged => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, T>(tensor.cpu().bytes);

    /// <summary>Weights resident on the device, overwritten by each model of the same configuration.</summary>
    private sealed class LoadedModel : IDisposable
    {
        public LoadedModel(LlamaConfig config, Device device)
        {
            Config = config;
            Layout = new ParameterLayout(config);
            Weights = empty(Layout.Length, ScalarType.Float32, device).DetachFromDisposeScope();
            Decoder = new LlamaDecoder(Layout, config, Weights, null);
        }

        public LlamaConfig Config { get; }

        public ParameterLayout Layout { get; }

        public Tensor Weights { get; }

        public LlamaDecoder Decoder { get; }

        public void Load(IModelWeights model)
        {
            if (Weights.device_type == TorchSharp.DeviceType.CPU)
            {
                FlatWeights.Read(Layout, model, Weights);
                return;
            }

            using Tensor host = FlatWeights.Read(Layout, model);
            Weights.copy_(host);
        }

        public void Dispose()
        {
            Decoder.Dispose();
            Weights.Dispose();
        }
    }
}
