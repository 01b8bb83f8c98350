using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Evaluation.Language;
using DemEngine.Training.Data;
using DemEngine.Training.Evaluation;
using DemEngine.Training.Models;
using DemEngine.Training.Optimization;
using DemEngine.Training.Reports;
using DemEngine.Training.Settings;
using static TorchSharp.torch;

namespace DemEngine.Training.Runs;

/// <summary>
/// A model in training, step by step. The next step depends only on <see cref="State"/> and <see cref="Vectors"/>: the order of
/// examples follows from the step's number, and nothing else is random.
/// </summary>
public sealed class TrainingSession : IDisposable
{
    private readonly DataSet _data;
    private readonly TrainingOptions _options;
    private readonly Device _device;
    private readonly ExampleOrder _order;
    private readonly ITrainedWeights _trained;
    private readonly AdamW _optimiser;
    private readonly LossMeter _validation;

    /// <summary>Starts training.</summary>
    /// <param name="start">
    /// Model to start from; it is not changed. It is copied, except where an adapter is trained on the processor: then it must
    /// live as long as the session.
    /// </param>
    /// <param name="data">Training data.</param>
    /// <param name="validation">Validation data, which decide which weights are best.</param>
    /// <param name="options">Training options.</param>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument): an option is out of range. DEM1021 (TorchNotLoaded), DEM1022 (NoTorchDevice): Torch or the device
    /// is not available. DEM2114 (ExampleTooLong), DEM2115 (TokenOutOfRange): an example does not fit the model.
    /// </exception>
    public TrainingSession(TorchModel start, DataSet data, DataSet validation, TrainingOptions options)
    {
        options.Check();
        new SequenceLimits(data.Examples).Check(start.Config, start.Name);
        new SequenceLimits(validation.Examples).Check(start.Config, start.Name);
        _data = data;
        _options = options;
        _device = TorchLibrary.Open(options.Device, options.Threads);
        _order = new ExampleOrder(data.Examples.Length, options.Seed);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        _trained = options.Lora is { } adaptation
            ? new TrainedAdapter(start, adaptation, options.Seed, options.Type, _device)
            : new TrainedModel(start, options.Type, _device);
        _optimiser = new AdamW(_trained.Vector, _trained.DecayedLength, options.AdamW);
        _validation = new LossMeter(validation.Examples, options.MaxPositions, _device);
    }

    /// <summary>Current state of the run.</summary>
    public TrainingState State { get; private set; } = TrainingState.Start;

    /// <summary>True if all steps are taken, or validation has not improved for too long.</summary>
    public bool IsFinished => State.Step >= _options.Steps || IsStale;

    /// <summary>True if training ended because validation did not improve.</summary>
    public bool IsStale => _options.Patience > 0 && State.Stale >= _options.Patience;

    /// <summary>
    /// The model with the minimum validation loss so far, in binary32, as the optimiser has it. It changes as training proceeds.
    /// </summary>
    public TorchModel Best => _trained.Best;

    /// <summary>The tensors of <see cref="Best"/>, made as they are read.</summary>
    internal IEnumerable<ITensorData> BestTensors => _trained.BestTensors;

    /// <summary>The factors of the adapter with the minimum validation loss so far; empty if all weights are trained.</summary>
    internal IEnumerable<ITensorData> BestFactors => _trained is TrainedAdapter adapter ? adapter.BestFactors : [];

    /// <summary>Number of elements that are trained.</summary>
    internal long TrainedLength => _trained.Vector.NumberOfElements;

    /// <summary>Vectors to save so that the run can be continued. The next step changes them.</summary>
    internal TrainingVectors Vectors =>
        new(_trained.Vector, _optimiser.FirstMoment, _optimiser.SecondMoment, _trained.BestVector);

    /// <summary>Restores a saved state, from which training continues.</summary>
    internal void Restore(TrainingState state, TrainingVectors vectors)
    {
        using var _ = no_grad();
        _trained.Vector.copy_(vectors.Best);
        _trained.KeepBest();
        _trained.Vector.copy_(vectors.Weights);
        _optimiser.FirstMoment.copy_(vectors.FirstMoment);
        _optimiser.SecondMoment.copy_(vectors.SecondMoment);
        _trained.Refresh();
        State = state;
    }

    /// <summary>
    /// Takes the next step. The first one only validates the initial weights; each later one is a step of the optimiser.
    /// </summary>
    /// <exception cref="DemException">
    /// DEM4201 (TrainingDiverged): a loss or a gradient is not finite. The state remains that before the step.
    /// </exception>
    public TrainingStep Advance()
    {
        long number = State.Step + 1;
        TrainingStep step = number == 0 ? new TrainingStep(0, null, 0, 0, 0, 0, null, false) : Optimise(number);
        TrainingState next = State with { Step = number, Positions = State.Positions + step.Positions };
        if (number % _options.EvaluateEvery == 0 || number == _options.Steps)
        {
            double loss = _validation.Measure(_trained.Decoder);
            CheckFinite(loss, "the validation loss", number);
            bool isBest = loss < State.BestLoss;
            if (isBest)
            {
                _trained.KeepBest();
                next = next with { BestStep = number, BestLoss = loss, Stale = 0 };
            }
            else
            {
                next = next with { Stale = State.Stale + 1 };
            }

            step = step with { Validation = loss, IsBest = isBest };
        }

        State = next;
        return step;
    }

    /// <summary>Reports on the training so far.</summary>
    /// <param name="seconds">Duration of the training in seconds.</param>
    internal TrainingReport Report(double seconds) =>
        new(State.Step, IsStale && State.Step < _options.Steps, State.BestStep, State.BestLoss, State.Positions, seconds);

    /// <inheritdoc/>
    public void Dispose()
    {
        _validation.Dispose();
        _optimiser.Dispose();
        _trained.Dispose();
    }

    private TrainingStep Optimise(long number)
    {
        long first = (number - 1) * _options.BatchSize;
        ImmutableArray<Example> examples =
            [.. Enumerable.Range(0, _options.BatchSize).Select(i => _data.Examples[_order[first + i]])];
        long targets = examples.Sum(example => (long)example.Targets);

        double sum = 0;
        _trained.StartGradient();
        foreach (TokenBatch batch in Passes(examples))
        {
            using (batch)
                sum += LossMeter.Differentiate(_trained.Decoder, batch, 1.0 / targets, _options.Recomputes);
            _trained.AddPassGradient();
        }

        CheckFinite(sum, "the loss", number);
        double norm = Clip(_trained.Gradient, number);
        double rate = _options.Schedule.At(number);
        _optimiser.Step(_trained.Gradient, rate, number);
        _trained.Refresh();
        long positions = examples.Sum(example => (long)example.Tokens.Length - 1);
        return new TrainingStep(number, sum / targets, rate, norm, positions, targets, null, false);
    }

    // The passes of a step, one at a time in memory.
    private IEnumerable<TokenBatch> Passes(ImmutableArray<Example> examples)
    {
        if (_options.PackLength is not { } length)
            return BatchCut.Of(examples, _options.MaxPositions)
                .Select(part => TokenBatch.Of([.. part.Select(i => examples[i])], _device));
        int rows = (int)Math.Max(1, _options.MaxPositions / length);
        return SequencePacking.Of(examples, length)
            .Chunk(rows)
            .Select(part => TokenBatch.Packed([.. part.Select(row => row.Select(i => examples[i]).ToArray())], _device));
    }

    /// <summary>
    /// Scales the gradient down to the maximum norm (Pascanu et al., "On the difficulty of training recurrent neural networks",
    /// https://arxiv.org/abs/1211.5063, section 3.2).
    /// </summary>
    /// <returns>Norm of the gradient before clipping.</returns>
    private double Clip(Tensor gradient, long number)
    {
        using var scope = NewDisposeScope();
        double norm = gradient.norm().item<float>();
        CheckFinite(norm, "the norm of the gradient", number);
        if (norm > _options.ClipNorm)
            gradient.mul_(_options.ClipNorm / norm);
        return norm;
    }

    private static void CheckFinite(double value, string what, long step)
    {
        if (!double.IsFinite(value))
            throw new DemException(ErrorCode.TrainingDiverged, $"{what} at step {step} is {value}");
    }
}
