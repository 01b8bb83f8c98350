using static TorchSharp.torch;

namespace DemEngine.Training.Models;

/// <summary>
/// The product x·Wᵀ with a matrix that is stored in another type than that of the computation and is not trained. A block of its
/// rows at a time is converted, both in the forward and in the backward pass, so that no converted copy of the matrix is kept.
/// </summary>
internal sealed class FrozenLinear : autograd.SingleTensorFunction<FrozenLinear>
{
    private const string Buffer = "buffer";

    /// <inheritdoc/>
    public override string Name => nameof(FrozenLinear);

    /// <summary>Multiplies.</summary>
    /// <param name="x">Input x [N, inputs], in the type of the computation.</param>
    /// <param name="matrix">Matrix W [outputs, inputs], in any floating-point type; must not require gradients.</param>
    /// <param name="buffer">Memory for converted rows, of the type of x.</param>
    /// <returns>Product [N, outputs].</returns>
    public static Tensor Multiply(Tensor x, Tensor matrix, ConversionBuffer buffer) =>
        is_grad_enabled() && x.requires_grad ? apply(x, matrix, buffer) : Forward(x, matrix, buffer);

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (x, matrix, buffer) = ((Tensor)vars[0], (Tensor)vars[1], (ConversionBuffer)vars[2]);
        ctx.save_for_backward([matrix]);
        ctx.save_data(Buffer, buffer);
        return Forward(x, matrix, buffer);
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        Tensor matrix = ctx.get_saved_variables()[0];
        var buffer = (ConversionBuffer)ctx.get_data(Buffer);
        Tensor slopes = zeros(grad_output.shape[0], matrix.shape[1], grad_output.dtype, grad_output.device);
        foreach (var (first, count) in Blocks(matrix))
        {
            using var inner = NewDisposeScope();
            Tensor block = buffer.Convert(matrix.narrow(0, first, count));
            slopes.addmm_(grad_output.narrow(1, first, count), block, 1, 1);
        }

        return [slopes.MoveToOuterDisposeScope(), null!, null!];
    }

    private static Tensor Forward(Tensor x, Tensor matrix, ConversionBuffer buffer)
    {
        // The blocks must not be kept for a backward pass, which converts them anew.
        using var none = no_grad();
        using var scope = NewDisposeScope();
        Tensor product = empty(x.shape[0], matrix.shape[0], x.dtype, x.device);
        foreach (var (first, count) in Blocks(matrix))
        {
            using var inner = NewDisposeScope();
            Tensor block = buffer.Convert(matrix.narrow(0, first, count));
            product.narrow(1, first, count).copy_(nn.functional.linear(x, block));
        }

        return product.MoveToOuterDisposeScope();
    }

    private static IEnumerable<(long First, long Count)> Blocks(Tensor matrix)
    {
        long rows = matrix.shape[0], each = ConversionBuffer.RowsOf(matrix);
        for (long first = 0; first < rows; first += each)
            yield return (first, Math.Min(each, rows - first));
    }
}
