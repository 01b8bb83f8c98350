using System.Collections.Immutable;
using DemEngine.Evaluation.Gradients;
using DemEngine.Evaluation.Language;
using DemEngine.Memory;

namespace DemEngine.Evaluation.Embedded;

/// <summary>
/// Differentiates the losses of the embedded evaluator's sets. The batches are cut set by set at a fixed size, and their
/// derivatives are added in their order, so that the result does not depend on the number of threads.
/// </summary>
internal sealed class EmbeddedGradient : IDisposable
{
    private const int BatchRows = 240;

    private readonly ImmutableArray<MeasuredSet> _sets;
    private readonly (int Set, bool Counts, SequenceBatch Batch)[] _batches;
    private readonly int[] _firsts;
    private readonly PackedLlama _model;
    private readonly TransposedLlama _transposed;
    private readonly SlopeTable _table;
    private readonly LlamaBackward[] _workers;

    /// <param name="sets">Data sets.</param>
    /// <param name="model">Memory of the model, which is loaded before each run.</param>
    /// <param name="rotary">Rotary positions.</param>
    /// <param name="directions">Directions to differentiate along; they are read here.</param>
    /// <param name="threads">Maximum number of threads.</param>
    public EmbeddedGradient(
        ImmutableArray<MeasuredSet> sets, PackedLlama model, RotaryTable rotary, IWeightDirections directions, int threads)
    {
        _sets = sets;
        _model = model;
        Directions = directions;
        _table = new SlopeTable(model.Config, directions);
        _transposed = new TransposedLlama(model.Config, model.Width);
        _firsts = new int[sets.Length];
        for (int set = 1; set < sets.Length; set++)
            _firsts[set] = _firsts[set - 1] + SetScoring.Sequences(sets[set - 1]).Length;
        _batches = [.. sets.SelectMany(Cut)];
        _workers =
        [
            .. Enumerable.Range(0, Math.Min(threads, _batches.Length))
                .Select(_ => new LlamaBackward(model, _transposed, rotary, _table)),
        ];
    }

    /// <summary>Directions that this object differentiates along.</summary>
    public IWeightDirections Directions { get; }

    /// <summary>Scores and differentiates the model that the packed memory holds.</summary>
    /// <param name="weights">The same model, whose matrices are read once more.</param>
    /// <param name="sequences">Destination of the scores of all sequences.</param>
    /// <param name="cancel">Token that stops the computation.</param>
    public (ImmutableArray<string> Tensors, ImmutableArray<SetGradient> Sets) Run(
        IModelWeights weights, SequenceScore[] sequences, CancellationToken cancel)
    {
        _transposed.Load(weights, _workers.Length, cancel);
        double[][] slopes = new double[_batches.Length][];
        int next = -1;
        WorkerThreads.Run(
            _workers.Length,
            (thread, stop) =>
            {
                for (int k = Interlocked.Increment(ref next); k < _batches.Length; k = Interlocked.Increment(ref next))
                {
                    stop.ThrowIfCancellationRequested();
                    (int set, bool counts, SequenceBatch batch) = _batches[k];
                    slopes[k] = new double[_table.Count];
                    var targets = new TargetScore[batch.Targets.Length];
                    _workers[thread].Run(batch, targets, counts ? 1.0 / _sets[set].Data.Targets : 0, slopes[k]);
                    batch.ScoreSequences(targets, sequences.AsSpan(_firsts[set]));
                }
            },
            cancel);
        return ([.. _table.Names], [.. _sets.Select((set, k) => new SetGradient(set.Data.Name, Sum(slopes, k)))]);
    }

    public void Dispose()
    {
        foreach (LlamaBackward worker in _workers)
            worker.Dispose();
        _transposed.Dispose();
    }

    /// <summary>Cuts a set. The choices of questions are scored too, but are no part of the loss.</summary>
    private static IEnumerable<(int Set, bool Counts, SequenceBatch Batch)> Cut(MeasuredSet set, int index)
    {
        ImmutableArray<Example> all = SetScoring.Sequences(set);
        int examples = set.Data.Examples.Length;
        return SequenceBatch.Cut(all[..examples], BatchRows).Select(batch => (index, true, batch))
            .Concat(SequenceBatch.Cut(all[examples..], BatchRows, examples).Select(batch => (index, false, batch)));
    }

    private ImmutableArray<ImmutableArray<double>> Sum(double[][] slopes, int set)
    {
        double[] sum = new double[_table.Count];
        for (int batch = 0; batch < _batches.Length; batch++)
        {
            for (int k = 0; _batches[batch].Set == set && k < sum.Length; k++)
                sum[k] += slopes[batch][k];
        }

        return
        [
            .. Enumerable.Range(0, _table.Directions).Select(direction => Enumerable.Range(0, _table.Names.Length)
                .Select(tensor => sum[(tensor * _table.Directions) + direction])
                .ToImmutableArray()),
        ];
    }
}
