using DemEngine.Numerics;
using DemEngine.Numerics.Quantized;

namespace DemEngine.Checkpoints.Quantized;

/// <summary>
/// Weights in int8 of bitsandbytes (LLM.int8, arXiv 2208.07339), with the largest absolute value of each row in <c>SCB</c>:
/// value = (code · SCB) · 7.874015718698502e-3, two products in binary32, as <c>int8_vectorwise_dequant</c> computes it.
/// </summary>
internal sealed class BitsAndBytes8Form : IQuantizedForm
{
    private const float OneBy127 = 7.874015718698502e-3f;

    public IEnumerable<DecodedTensor> Find(TensorPool pool)
    {
        var found = new List<DecodedTensor>();
        foreach (StoredTensor codes in pool.Left.Where(tensor => tensor.Spec.Type == ElementType.I8).ToArray())
        {
            TensorSpec spec = codes.Spec;
            if (!spec.Name.EndsWith("weight", StringComparison.Ordinal))
                continue;
            string module = spec.Name[..^"weight".Length];
            if (pool.Find($"{module}SCB") is not { } largest)
                continue;
            if (spec.Shape.Dimensions.Length != 2)
                throw TensorPool.Wrong(codes, "expected is a matrix");
            TensorPool.RequireType(largest, ElementType.F32);
            TensorPool.RequireShape(largest, spec.Shape.Rows);
            pool.Take(codes, largest, pool.Find($"{module}weight_format"));
            found.Add(new ScaledTensor(
                spec.Name,
                spec.Shape,
                pool.ModelType,
                "bitsandbytes int8",
                codes,
                CodePacking.Bytes,
                new SignedCodes(OneBy127),
                new StoredScales(largest),
                ScaleGrid.Find(spec.Shape, largest.Spec.Shape, [])!));
        }

        return found;
    }
}
