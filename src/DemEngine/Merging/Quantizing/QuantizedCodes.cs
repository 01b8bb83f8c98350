using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Numerics;

namespace DemEngine.Merging.Quantizing;

/// <summary>
/// The codes of a quantised tensor: each element, rounded to the plain type that it would have, divided by the scale of its
/// block in binary32 and rounded to the nearest number of E4M3.
/// </summary>
/// <param name="spec">The codes.</param>
/// <param name="matrix">The tensor without quantisation.</param>
/// <param name="maxima">Largest absolute values of its blocks.</param>
internal sealed class QuantizedCodes(TensorSpec spec, MeasuredMatrix matrix, SharedMaxima maxima)
    : QuantizedPart(spec, matrix, maxima)
{
    public override string Operation => $"({Matrix.Tensor.Operation}) / scale";

    public override string? Remark => Matrix.Tensor.Remark;

    public override bool IsLost => Matrix.Tensor.IsLost;

    public override NonFinite Produce(long first, TypedBytes output, ITileContext workspace)
    {
        BlockMaxima known = Maxima;
        return Matrix.Make(first, output.Count, workspace, (at, strip) =>
        {
            known.Divide(at, MeasuredMatrix.Of(strip));
            workspace.Worker.Combine(
                LinearCombination.BaseAlone, [strip], output.Slice((int)(at - first), strip.Count));
        });
    }
}
