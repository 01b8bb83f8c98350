using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Numerics;
using DemEngine.Training.Models;
using DemEngine.Training.Settings;
using static TorchSharp.torch;

namespace DemEngine.Training.Optimization;

/// <summary>
/// The factors of a low-rank adaptation as one vector, which the optimiser trains in place of the weights: A and B of each
/// matrix, W = W₀ + α/r·B·A. Their gradients follow from that by the weights: dB = α/r·dW·Aᵀ and dA = α/r·Bᵀ·dW, so that the
/// model and its backward pass are those of the full weights. A begins uniform on ±1/√inputs and B at 0, as in PEFT.
/// </summary>
internal sealed class LoraFactors : IDisposable
{
    private readonly double _scale;
    private readonly int _rank;
    private readonly ImmutableArray<(PlacedWeight Weight, Tensor Origin, long A, long B)> _matrices;

    /// <param name="weights">Vector [all weights] of the model, which the factors are added to.</param>
    /// <param name="layout">Layout of the weights.</param>
    /// <param name="options">Options.</param>
    /// <param name="seed">Random seed of A.</param>
    public LoraFactors(Tensor weights, ParameterLayout layout, LoraOptions options, long seed)
    {
        (_scale, _rank) = (options.Scale, options.Rank);
        var matrices = ImmutableArray.CreateBuilder<(PlacedWeight, Tensor, long, long)>();
        long length = 0;
        foreach (PlacedWeight weight in layout.Weights.Where(weight => IsTarget(weight, options)))
        {
            (long outputs, long inputs) = Shape(weight);
            Tensor origin = weights.narrow(0, weight.Offset, outputs * inputs).clone().view(outputs, inputs);
            matrices.Add((weight, origin.DetachFromDisposeScope(), length, length + (_rank * inputs)));
            length += _rank * (inputs + outputs);
        }

        _matrices = matrices.DrainToImmutable();
        float[] start = new float[length];
        var random = new Philox(RandomStreams.Weights(seed));
        foreach (var (weight, _, a, _) in _matrices)
        {
            long inputs = Shape(weight).Inputs;
            double bound = 1 / Math.Sqrt(inputs);
            for (long i = 0; i < _rank * inputs; i++)
                start[a + i] = (float)(bound * ((random[a + i] / 2147483648.0) - 1));
        }

        Vector = tensor(start, ScalarType.Float32, weights.device).DetachFromDisposeScope();
        Gradient = zeros_like(Vector).DetachFromDisposeScope();
    }

    /// <summary>Vector [all factors], binary32.</summary>
    public Tensor Vector { get; }

    /// <summary>Gradient [all factors], as <see cref="Pull"/> left it.</summary>
    public Tensor Gradient { get; }

    /// <summary>Computes the gradient by the factors from that by the weights.</summary>
    /// <param name="gradients">Gradient [all weights], binary32.</param>
    public void Pull(Tensor gradients)
    {
        using var scope = NewDisposeScope();
        using var none = no_grad();
        foreach (var (weight, origin, a, b) in _matrices)
        {
            Tensor gradient = gradients.narrow(0, weight.Offset, weight.Shape.ElementCount).view(origin.shape);
            A(Gradient, origin, a).copy_(B(Vector, origin, b).transpose(0, 1).matmul(gradient).mul_(_scale));
            B(Gradient, origin, b).copy_(gradient.matmul(A(Vector, origin, a).transpose(0, 1)).mul_(_scale));
        }
    }

    /// <summary>Writes W₀ + α/r·B·A into the weights of a model.</summary>
    /// <param name="vector">Vector [all factors].</param>
    /// <param name="weights">Vector [all weights].</param>
    public void Apply(Tensor vector, Tensor weights)
    {
        using var scope = NewDisposeScope();
        using var none = no_grad();
        foreach (var (weight, origin, a, b) in _matrices)
        {
            Tensor product = B(vector, origin, b).matmul(A(vector, origin, a)).mul_(_scale);
            weights.narrow(0, weight.Offset, weight.Shape.ElementCount).view(origin.shape).copy_(product.add_(origin));
        }
    }

    /// <summary>Lists the factors under PEFT's names, for an adapter's file.</summary>
    /// <param name="vector">Vector [all factors], on the processor.</param>
    public IEnumerable<ITensorData> Tensors(Tensor vector)
    {
        foreach (var (weight, origin, a, b) in _matrices)
        {
            string module = $"base_model.model.{weight.Name[..^".weight".Length]}";
            yield return new TensorSlice(
                $"{module}.lora_A.weight", new TensorShape(_rank, origin.shape[1]), vector, a);
            yield return new TensorSlice(
                $"{module}.lora_B.weight", new TensorShape(origin.shape[0], _rank), vector, b);
        }
    }

    public void Dispose()
    {
        foreach (var (_, origin, _, _) in _matrices)
            origin.Dispose();
        Vector.Dispose();
        Gradient.Dispose();
    }

    private Tensor A(Tensor vector, Tensor origin, long at) =>
        vector.narrow(0, at, _rank * origin.shape[1]).view(_rank, origin.shape[1]);

    private Tensor B(Tensor vector, Tensor origin, long at) =>
        vector.narrow(0, at, _rank * origin.shape[0]).view(origin.shape[0], _rank);

    private static (long Outputs, long Inputs) Shape(PlacedWeight weight) =>
        (weight.Shape.Dimensions[0], weight.Shape.Dimensions[1]);

    private static bool IsTarget(PlacedWeight weight, LoraOptions options) =>
        options.Targets.Any(target => weight.Name.EndsWith($".{target}.weight", StringComparison.Ordinal));
}
