using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Numerics;
using static TorchSharp.torch;

namespace DemEngine.Training.Optimization;

/// <summary>A matrix with its low-rank change, W + s·B·A, in binary32; rows are computed as they are read.</summary>
/// <param name="spec">Name and shape of the matrix.</param>
/// <param name="matrix">Matrix W [outputs, inputs], on the processor.</param>
/// <param name="a">First factor A [r, inputs].</param>
/// <param name="b">Second factor B [outputs, r].</param>
/// <param name="scale">Factor s.</param>
internal sealed class AdaptedSlice(TensorSpec spec, Tensor matrix, Tensor a, Tensor b, double scale) : ITensorData
{
    public TensorSpec Spec { get; } = spec with { Type = ElementType.F32 };

    public TypedBytes Read(long first, int count, NativeBytes scratch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Spec.Shape.ElementCount - first);
        using var scope = NewDisposeScope();
        using var none = no_grad();
        long inputs = matrix.shape[1], row = first / inputs, rows = ((first + count - 1) / inputs) - row + 1;
        Tensor wide = b.narrow(0, row, rows).matmul(a).mul_(scale).add_(matrix.narrow(0, row, rows));
        Tensor sum = wide.view(-1).narrow(0, first - (row * inputs), count);
        NativeBytes bytes = scratch.Slice(0, count * sizeof(float));
        sum.bytes.CopyTo(bytes.Span);
        return new TypedBytes(ElementType.F32, bytes);
    }
}
