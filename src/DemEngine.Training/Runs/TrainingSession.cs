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
    private readonly Tensor _weights;
    private readonly WorkingCopy _copy;
    private readonly AdamW _optimiser;
    private readonly LlamaDecoder _model;
    private readonly LossMeter _validation;
    private readonly LoraFactors? _lora;
    private readonly Tensor? _bestFactors;

    /// <summary>Starts training.</summary>
    /// <param name="start">Model to start from; it is copied.</param>
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
        _weights = start.Weights.to(_device, copy: true).DetachFromDisposeScope();
        Best = start.Copy("the best weights");
        _copy = new WorkingCopy(_weights, options.Type);
        if (options.Lora is { } adaptation)
        {
            _lora = new LoraFactors(_weights, start.Layout, adaptation, options.Seed);
            _bestFactors = _lora.Vector.clone().DetachFromDisposeScope();
        }

        _optimiser = new AdamW(Trained, _lora?.Vector.NumberOfElements ?? start.Layout.MatrixLength, options.AdamW);
        _model = new LlamaDecoder(start.Layout, start.Config, _copy.Weights, _copy.PassGradients);
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
    public TorchModel Best { get; }

    /// <summary>The factors of the adapter with the minimum validation loss so far; empty if all weights are trained.</summary>
    internal IEnumerable<ITensorData> BestFactors => _lora?.Tensors(_bestFactors!.cpu()) ?? [];

    /// <summary>Number of elements that are trained.</summary>
    internal long TrainedLength => Trained.NumberOfElements;

    // The vector that the optimiser changes.
    private Tensor Trained => _lora?.Vector ?? _weights;

    /// <summary>Vectors to save so that the run can be continued. The next step changes them.</summary>
    internal TrainingVectors Vectors =>
        new(Trained, _optimiser.FirstMoment, _optimiser.SecondMoment, _bestFactors ?? Best.Weights);

    /// <summary>Restores a saved state, from which training continues.</summary>
    internal void Restore(TrainingState state, TrainingVectors vectors)
    {
        using var _ = no_grad();
        Trained.copy_(vectors.Weights);
        _optimiser.FirstMoment.copy_(vectors.FirstMoment);
        _optimiser.SecondMoment.copy_(vectors.SecondMoment);
        if (_lora is null)
        {
            Best.Weights.copy_(vectors.Best);
        }
        else
        {
            _bestFactors!.copy_(vectors.Best);
            _lora.Apply(_bestFactors, _weights);
            Best.Weights.copy_(_weights);
            _lora.Apply(_lora.Vector, _weights);
        }

        _copy.Refresh();
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
            double loss = _validation.Measure(_model);
            CheckFinite(loss, "the validation loss", number);
            bool isBest = loss < State.BestLoss;
            if (isBest)
            {
                Best.Weights.copy_(_weights);
                _bestFactors?.copy_(_lora!.Vector);
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
        _model.Dispose();
        _optimiser.Dispose();
        _lora?.Dispose();
        _bestFactors?.Dispose();
        _copy.Dispose();
        Best.Dispose();
        _weights.Dispose();
    }

    private TrainingStep Optimise(long number)
    {
        long first = (number - 1) * _options.BatchSize;
        ImmutableArray<Example> examples =
            [.. Enumerable.Range(0, _options.BatchSize).Select(i => _data.Examples[_order[first + i]])];
        long targets = examples.Sum(example => (long)example.Targets);

        double sum = 0;
        _copy.StartGradients();
        foreach (TokenBatch batch in Passes(examples))
        {
            using (batch)
                sum += LossMeter.Differentiate(_model, batch, 1.0 / targets, _options.Recomputes);
            _copy.AddPassGradients();
        }

        CheckFinite(sum, "the loss", number);
        _lora?.Pull(_copy.Gradients);
        Tensor gradient = _lora?.Gradient ?? _copy.Gradients;
        double norm = Clip(gradient, number);
        double rate = _options.Schedule.At(number);
        _optimiser.Step(gradient, rate, number);
        _lora?.Apply(_lora.Vector, _weights);
        _copy.Refresh();
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
