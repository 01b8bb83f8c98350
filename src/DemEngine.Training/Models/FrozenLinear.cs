using static TorchSharp.torch;

namespace DemEngine.Training.Models;

/// <summary>
/// The product x·Wᵀ with a matrix that is stored in another type than that of the computation and is not trained. A block of its
/// rows at a time is converted, both in the forward and in the backward pass, so that no converted copy of the matrix is kept.
/// </summary>
internal sealed class FrozenLinear : autograd.SingleTensorFunction<FrozenLinear>
{
    // A block of converted rows: at most 64 MiB.
    private const long BlockElements = 1 << 24;

    /// <inheritdoc/>
    public override string Name => nameof(FrozenLinear);

    /// <summary>Multiplies.</summary>
    /// <param name="x">Input x [N, inputs], in the type of the computation.</param>
    /// <param name="matrix">Matrix W [outputs, inputs], in any floating-point type; must not require gradients.</param>
    /// <returns>Product [N, outputs].</returns>
    public static Tensor Multiply(Tensor x, Tensor matrix) =>
        is_grad_enabled() && x.requires_grad ? apply(x, matrix) : Forward(x, matrix);

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (x, matrix) = ((Tensor)vars[0], (Tensor)vars[1]);
        ctx.save_for_backward([matrix]);
        return Forward(x, matrix);
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        Tensor matrix = ctx.get_saved_variables()[0];
        Tensor slopes = zeros(grad_output.shape[0], matrix.shape[1], grad_output.dtype, grad_output.device);
        foreach (var (first, count) in Blocks(matrix))
        {
            using var inner = NewDisposeScope();
            Tensor block = matrix.narrow(0, first, count).to_type(grad_output.dtype);
            slopes.addmm_(grad_output.narrow(1, first, count), block, 1, 1);
        }

        return [slopes.MoveToOuterDisposeScope(), null!];
    }

    private static Tensor Forward(Tensor x, Tensor matrix)
    {
        using var scope = NewDisposeScope();
        Tensor product = empty(x.shape[0], matrix.shape[0], x.dtype, x.device);
        foreach (var (first, count) in Blocks(matrix))
        {
            using var inner = NewDisposeScope();
            Tensor block = matrix.narrow(0, first, count).to_type(x.dtype);
            product.narrow(1, first, count).copy_(nn.functional.linear(x, block));
        }

        return product.MoveToOuterDisposeScope();
    }

    private static IEnumerable<(long First, long Count)> Blocks(Tensor matrix)
    {
        long rows = matrix.shape[0], each = Math.Max(1, BlockElements / matrix.shape[1]);
        for (long first = 0; first < rows; first += each)
            yield return (first, Math.Min(each, rows - first));
    }
}
