using System.Collections.Immutable;
using System.Diagnostics;
using DemEngine.Evaluation.Gradients;
using DemEngine.Evaluation.Language;
using DemEngine.Memory;
using DemEngine.Numerics.Simd;

namespace DemEngine.Evaluation.Embedded;

/// <summary>
/// Computes models of the Llama architecture in this process, in binary32, without any native library. It is meant for small
/// models and for many evaluations of models of one shape: the data sets are laid out once, and memory is reused from one model
/// to the next.
/// </summary>
public sealed class EmbeddedEvaluator : IGradientEvaluator
{
    // Rows of a batch: few enough that its activations stay in a core's cache, and enough that reading the weights costs little.
    private const int MaxRows = 240;
    private const int MinRows = 48;
    private const int BatchesPerThread = 4;

    private readonly ImmutableArray<MeasuredSet> _sets;
    private readonly ImmutableArray<Example> _sequences;
    private readonly ImmutableArray<SequenceBatch> _batches;
    private readonly int _threads;
    private readonly VectorWidth _width;
    private readonly int _longest;
    private readonly int _largestToken;
    private readonly int _maxThreads;
    private PackedLlama? _model;
    private EmbeddedGradient? _gradient;
    private LlamaForward[] _workers = [];

    /// <summary>Makes an evaluator and prepares its data sets.</summary>
    /// <param name="sets">Data sets and metrics to evaluate, at least one set.</param>
    /// <param name="threads">Maximum number of threads that compute; the scores do not depend on it.</param>
    /// <exception cref="DemException">DEM2116 (MetricNotApplicable): a metric cannot be computed on its set.</exception>
    public EmbeddedEvaluator(IEnumerable<MeasuredSet> sets, int threads)
        : this(sets, threads, VectorWidths.Best)
    {
    }

    internal EmbeddedEvaluator(IEnumerable<MeasuredSet> sets, int threads, VectorWidth width, int? batchRows = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        _sets = [.. sets];
        _width = width;
        foreach (MeasuredSet set in _sets)
            set.Check();

        _sequences = [.. _sets.SelectMany(set => SetScoring.Sequences(set))];
        _longest = _sequences.Max(sequence => sequence.Tokens.Length);
        _largestToken = _sequences.Max(sequence => sequence.Tokens.Max());
        long rows = _sequences.Sum(sequence => sequence.Tokens.Length - 1L);
        _batches = SequenceBatch.Cut(
            _sequences, batchRows ?? (int)Math.Clamp(rows / (BatchesPerThread * threads), MinRows, MaxRows));
        _threads = Math.Min(threads, _batches.Length);
        _maxThreads = threads;
    }

    /// <inheritdoc/>
    public string Description => $"embedded, {_threads} threads, {(int)_width}-bit vectors";

    /// <inheritdoc/>
    public ImmutableArray<(string Set, Metric Metric)> Measures =>
        [.. _sets.SelectMany(set => set.Metrics.Select(metric => (set.Data.Name, metric)))];

    /// <inheritdoc/>
    public ModelScores Evaluate(IModelWeights model, CancellationToken cancel = default)
    {
        long start = Stopwatch.GetTimestamp();
        Load(model, cancel);
        var sequences = new SequenceScore[_sequences.Length];
        int next = -1;
        WorkerThreads.Run(
            _threads,
            (thread, stop) =>
            {
                for (int k = Interlocked.Increment(ref next); k < _batches.Length; k = Interlocked.Increment(ref next))
                {
                    stop.ThrowIfCancellationRequested();
                    Score(_batches[k], _workers[thread], sequences);
                }
            },
            cancel);
        return Scores(sequences, start);
    }

    /// <inheritdoc/>
    public GradientScores Differentiate(IModelWeights model, IWeightDirections directions, CancellationToken cancel = default)
    {
        long start = Stopwatch.GetTimestamp();
        Load(model, cancel);
        if (_gradient is null || !ReferenceEquals(_gradient.Directions, directions))
        {
            _gradient?.Dispose();
            _gradient = new EmbeddedGradient(
                _sets, _model!, new RotaryTable(_model!.Config, _longest), directions, _maxThreads);
        }

        var sequences = new SequenceScore[_sequences.Length];
        var (tensors, sets) = _gradient.Run(model, sequences, cancel);
        return new GradientScores(Scores(sequences, start), tensors, sets);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (LlamaForward worker in _workers)
            worker.Dispose();
        _gradient?.Dispose();
        _gradient = null;
        _model?.Dispose();
    }

    private void Load(IModelWeights model, CancellationToken cancel)
    {
        LlamaConfig config = model.Config;
        if (!config.IsEmbedded)
        {
            throw new DemException(
                ErrorCode.NotEmbedded, $"{model.Name}: the embedded evaluator computes neither Gemma nor mixtures of experts");
        }

        LlamaTensors.Check(config, model.Tensors, model.Name);
        CheckFits(config, model.Name);
        if (_model is null || _model.Config != config)
            Prepare(config);
        _model!.Load(model, _threads, cancel);
    }

    private ModelScores Scores(SequenceScore[] sequences, long start)
    {
        var scores = ImmutableArray.CreateBuilder<Score>();
        int first = 0;
        foreach (MeasuredSet set in _sets)
        {
            int count = SetScoring.Sequences(set).Length;
            scores.AddRange(SetScoring.Scores(set, sequences.AsSpan(first, count)));
            first += count;
        }

        return new ModelScores(
            scores.DrainToImmutable(),
            _batches.Sum(batch => (long)batch.Rows.Count),
            Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private static void Score(SequenceBatch batch, LlamaForward worker, SequenceScore[] sequences)
    {
        var targets = new TargetScore[batch.Targets.Length];
        worker.Run(batch, targets);
        batch.ScoreSequences(targets, sequences);
    }

    private void CheckFits(LlamaConfig config, string model)
    {
        if (_longest > config.MaxPositions)
            throw new DemException(
                ErrorCode.ExampleTooLong, $"{model}: takes {config.MaxPositions} tokens, and an example has {_longest}");
        if (_largestToken >= config.VocabularySize)
            throw new DemException(
                ErrorCode.TokenOutOfRange,
                $"{model}: its vocabulary has {config.VocabularySize} tokens, and an example has the id {_largestToken}");
    }

    private void Prepare(LlamaConfig config)
    {
        Dispose();
        _model = new PackedLlama(config, _width);
        var rotary = new RotaryTable(config, _longest);
        _workers = [.. Enumerable.Range(0, _threads).Select(_ => new LlamaForward(_model, rotary))];
    }
}
