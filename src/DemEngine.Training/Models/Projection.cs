using System.Collections.Immutable;
using static TorchSharp.torch;

namespace DemEngine.Training.Models;

/// <summary>
/// A linear layer y = W·x + b of a decoder, of one matrix or of several that multiply the same input and lie one below the
/// other, with the low-rank changes of those that have one.
/// </summary>
/// <param name="matrix">Matrix W [outputs, inputs].</param>
/// <param name="bias">Bias b [outputs]; null for none.</param>
/// <param name="buffer">Memory for converted rows of a matrix of another type than that of the computation.</param>
/// <param name="parts">For each of the matrices, its number of outputs, and its change or null.</param>
internal sealed class Projection(
    Tensor matrix, Tensor? bias, ConversionBuffer buffer, ImmutableArray<(long Rows, LowRankChange? Change)> parts)
{
    /// <summary>Applies the layer.</summary>
    /// <param name="x">Input [N, inputs].</param>
    /// <returns>Output [N, outputs], in the type of the input.</returns>
    public Tensor Apply(Tensor x)
    {
        Tensor y;
        if (matrix.dtype == x.dtype)
            y = nn.functional.linear(x, matrix, bias);
        else if (bias is null)
            y = FrozenLinear.Multiply(x, matrix, buffer);
        else
            y = FrozenLinear.Multiply(x, matrix, buffer) + bias.to_type(x.dtype);
        if (parts.All(part => part.Change is null))
            return y;
        return y + cat([.. parts.Select(part => Changed(x, part.Rows, part.Change))], -1);
    }

    private static Tensor Changed(Tensor x, long rows, LowRankChange? change)
    {
        if (change is null)
            return zeros(x.shape[0], rows, x.dtype, x.device);
        Tensor inner = nn.functional.linear(x, change.A.to_type(x.dtype)) * change.Scale;
        return nn.functional.linear(inner, change.B.to_type(x.dtype));
    }
}
