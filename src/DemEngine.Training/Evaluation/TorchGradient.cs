using System.Collections.Immutable;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Gradients;
using DemEngine.Evaluation.Language;
using DemEngine.Training.Data;
using DemEngine.Training.Models;
using static TorchSharp.torch;

namespace DemEngine.Training.Evaluation;

/// <summary>
/// Differentiates the losses on data sets by Torch's backward pass: one vector ∇L [all weights] for each set in turn, and its dot
/// products with the directions, which are read part by part.
/// </summary>
internal sealed class TorchGradient : IDisposable
{
    // A part of a direction: 16 MiB.
    private const int PartElements = 1 << 22;

    private readonly ImmutableArray<(string Set, long Targets, ImmutableArray<TokenBatch> Batches)> _sets;
    private readonly ImmutableArray<PlacedWeight> _weights;
    private readonly Tensor _gradient;
    private readonly LlamaDecoder _model;

    /// <param name="sets">Data sets.</param>
    /// <param name="layout">Layout of the weights.</param>
    /// <param name="config">Configuration of the model.</param>
    /// <param name="weights">Vector [all weights], which stays the caller's.</param>
    /// <param name="maxPositions">Maximum number of positions in a pass.</param>
    public TorchGradient(
        ImmutableArray<MeasuredSet> sets, ParameterLayout layout, LlamaConfig config, Tensor weights, long maxPositions)
    {
        _sets =
        [
            .. sets.Select(set => (
                set.Data.Name,
                set.Data.Targets,
                BatchCut.Of(set.Data.Examples, maxPositions)
                    .Select(part => TokenBatch.Of([.. part.Select(i => set.Data.Examples[i])], weights.device))
                    .ToImmutableArray())),
        ];
        _weights = [.. LlamaTensors.Of(config).Select(tensor => layout[tensor.Name])];
        _gradient = zeros_like(weights).DetachFromDisposeScope();
        _model = new LlamaDecoder(layout, config, weights, _gradient);
    }

    /// <summary>Differentiates the loss on each set along each direction.</summary>
    public (ImmutableArray<string> Tensors, ImmutableArray<SetGradient> Sets) Run(
        IWeightDirections directions, CancellationToken cancel)
    {
        var sets = ImmutableArray.CreateBuilder<SetGradient>();
        foreach (var (set, targets, batches) in _sets)
        {
            _gradient.fill_(0);
            foreach (TokenBatch batch in batches)
            {
                cancel.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                (LossMeter.Losses(_model, batch).sum() / targets).backward();
            }

            sets.Add(new SetGradient(
                set,
                [
                    .. Enumerable.Range(0, directions.Count).Select(direction =>
                        _weights.Select(weight => Product(directions, direction, weight)).ToImmutableArray()),
                ]));
        }

        return ([.. _weights.Select(weight => weight.Name)], sets.DrainToImmutable());
    }

    public void Dispose()
    {
        _model.Dispose();
        _gradient.Dispose();
        foreach (TokenBatch batch in _sets.SelectMany(set => set.Batches))
            batch.Dispose();
    }

    private double Product(IWeightDirections directions, int direction, PlacedWeight weight)
    {
        double sum = 0;
        long length = weight.Shape.ElementCount;
        float[] part = new float[Math.Min(PartElements, length)];
        for (long first = 0; first < length; first += PartElements)
        {
            int count = (int)Math.Min(PartElements, length - first);
            directions.Read(direction, weight.Name, first, part.AsSpan(0, count));
            using var scope = NewDisposeScope();
            Tensor along = tensor(part.AsSpan(0, count).ToArray(), ScalarType.Float32, _gradient.device);
            using var none = no_grad();
            sum += (_gradient.narrow(0, weight.Offset + first, count) * along).sum(ScalarType.Float64).item<double>();
        }

        return sum;
    }
}
