using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Numerics;
using DemEngine.Training.Models;
using DemEngine.Training.Settings;
using static TorchSharp.torch;

namespace DemEngine.Training.Optimization;

/// <summary>
/// The factors of a low-rank adaptation as one vector, which the optimiser trains in place of the weights: A and B of each
/// matrix, W = W₀ + α/r·B·A. A begins uniform on ±1/√inputs and B at 0, as in PEFT.
/// </summary>
internal sealed class LoraFactors : IDisposable
{
    private readonly double _scale;
    private readonly int _rank;
    private readonly ImmutableDictionary<string, Factored> _matrices;

    /// <param name="layout">Layout of the weights.</param>
    /// <param name="options">Options.</param>
    /// <param name="seed">Random seed of A.</param>
    /// <param name="device">Device of the factors.</param>
    public LoraFactors(ParameterLayout layout, LoraOptions options, long seed, Device device)
    {
        (_scale, _rank) = (options.Scale, options.Rank);
        PlacedWeight[] targets = [.. layout.Weights.Where(weight => IsTarget(weight, options))];
        float[] start = new float[targets.Sum(weight => _rank * (Inputs(weight) + Outputs(weight)))];
        var random = new Philox(RandomStreams.Weights(seed));
        long a = 0;
        var matrices = ImmutableDictionary.CreateBuilder<string, Factored>(StringComparer.Ordinal);
        foreach (PlacedWeight weight in targets)
        {
            double bound = 1 / Math.Sqrt(Inputs(weight));
            long b = a + (_rank * Inputs(weight));
            for (long i = a; i < b; i++)
                start[i] = (float)(bound * ((random[i] / 2147483648.0) - 1));
            matrices.Add(weight.Name, new Factored(weight, a, b));
            a = b + (_rank * Outputs(weight));
        }

        _matrices = matrices.ToImmutable();
        Vector = tensor(start, ScalarType.Float32, device).DetachFromDisposeScope();
        Gradient = zeros_like(Vector).DetachFromDisposeScope();
        Changes = _matrices.ToImmutableDictionary(
            pair => pair.Key,
            pair => new LowRankChange(
                Leaf(pair.Value, A), Leaf(pair.Value, B), _scale),
            StringComparer.Ordinal);
    }

    /// <summary>Vector [all factors], binary32.</summary>
    public Tensor Vector { get; }

    /// <summary>Gradient [all factors], which backward passes add to.</summary>
    public Tensor Gradient { get; }

    /// <summary>The change of each matrix that has one, by its name; the factors are parts of the vector.</summary>
    public ImmutableDictionary<string, LowRankChange> Changes { get; }

    /// <summary>Writes W₀ + α/r·B·A into the weights of a model.</summary>
    /// <param name="vector">Vector [all factors], on the processor.</param>
    /// <param name="origin">Vector [all weights] of W₀, on the processor, of any floating-point type.</param>
    /// <param name="weights">Vector [all weights] to write to, binary32, on the processor.</param>
    public void Write(Tensor vector, Tensor origin, Tensor weights)
    {
        using var none = no_grad();
        foreach (Factored one in _matrices.Values)
        {
            using var scope = NewDisposeScope();
            Tensor product = B(vector, one).matmul(A(vector, one)).mul_(_scale).add_(Matrix(origin, one));
            Matrix(weights, one).copy_(product);
        }
    }

    /// <summary>Makes a matrix with its change, of which rows are computed as they are read.</summary>
    /// <param name="spec">Name and shape of a weight.</param>
    /// <param name="vector">Vector [all factors], on the processor.</param>
    /// <param name="origin">Vector [all weights], on the processor.</param>
    /// <returns>The matrix; null if the weight has no change.</returns>
    public ITensorData? Merged(TensorSpec spec, Tensor vector, Tensor origin) =>
        _matrices.TryGetValue(spec.Name, out Factored? one)
            ? new AdaptedSlice(spec, Matrix(origin, one), A(vector, one), B(vector, one), _scale)
            : null;

    /// <summary>Lists the factors under PEFT's names, for an adapter's file.</summary>
    /// <param name="vector">Vector [all factors], on the processor.</param>
    public IEnumerable<ITensorData> Tensors(Tensor vector)
    {
        foreach (Factored one in _matrices.Values.OrderBy(one => one.A))
        {
            string module = $"base_model.model.{one.Weight.Name[..^".weight".Length]}";
            yield return new TensorSlice($"{module}.lora_A.weight", new TensorShape(_rank, Inputs(one.Weight)), vector, one.A);
            yield return new TensorSlice($"{module}.lora_B.weight", new TensorShape(Outputs(one.Weight), _rank), vector, one.B);
        }
    }

    public void Dispose()
    {
        foreach (LowRankChange change in Changes.Values)
        {
            change.A.Dispose();
            change.B.Dispose();
        }

        Vector.Dispose();
        Gradient.Dispose();
    }

    // A part of the vector to which backward passes add gradients where the vector of gradients has them.
    private Tensor Leaf(Factored one, Func<Tensor, Factored, Tensor> part)
    {
        Tensor leaf = part(Vector, one).detach().DetachFromDisposeScope();
        leaf.requires_grad_();
        leaf.grad = part(Gradient, one);
        return leaf;
    }

    private Tensor A(Tensor vector, Factored one) =>
        vector.narrow(0, one.A, _rank * Inputs(one.Weight)).view(_rank, Inputs(one.Weight));

    private Tensor B(Tensor vector, Factored one) =>
        vector.narrow(0, one.B, _rank * Outputs(one.Weight)).view(Outputs(one.Weight), _rank);

    private static Tensor Matrix(Tensor weights, Factored one) =>
        weights.narrow(0, one.Weight.Offset, one.Weight.Shape.ElementCount).view(Outputs(one.Weight), Inputs(one.Weight));

    private static long Outputs(PlacedWeight weight) => weight.Shape.Dimensions[0];

    private static long Inputs(PlacedWeight weight) => weight.Shape.Dimensions[1];

    private static bool IsTarget(PlacedWeight weight, LoraOptions options) =>
        options.Targets.Any(target => weight.Name.EndsWith($".{target}.weight", StringComparison.Ordinal));

    /// <summary>A matrix with factors.</summary>
    /// <param name="Weight">The matrix.</param>
    /// <param name="A">Index of its A in the vector.</param>
    /// <param name="B">Index of its B in the vector.</param>
    private sealed record Factored(PlacedWeight Weight, long A, long B);
}
