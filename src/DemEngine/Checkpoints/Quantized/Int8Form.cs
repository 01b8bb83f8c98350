using DemEngine.Numerics;
using DemEngine.Numerics.Quantized;

namespace DemEngine.Checkpoints.Quantized;

/// <summary>
/// Symmetric int8 of compressed-tensors (<c>int-quantized</c>, W8A8): value = code · scale, in binary32. The reference
/// multiplies in the type of the scales; here the product is the binary32 one, which is exact for scales in BF16 and F16. Codes
/// with a zero point that is not zero are not of this form.
/// </summary>
internal sealed class Int8Form : IQuantizedForm
{
    public IEnumerable<DecodedTensor> Find(TensorPool pool)
    {
        var found = new List<DecodedTensor>();
        foreach (StoredTensor codes in pool.Left.Where(tensor => tensor.Spec.Type == ElementType.I8).ToArray())
        {
            TensorSpec spec = codes.Spec;
            if (spec.Shape.Dimensions.Length < 2
                || pool.Find($"{spec.Name}_scale") is not { } scale
                || pool.Find($"{spec.Name}_zero_point") is not null)
                continue;
            TensorPool.RequireType(scale, ElementType.F32, ElementType.BF16, ElementType.F16);
            ScaleGrid grid = ScaleGrid.Find(spec.Shape, scale.Spec.Shape, pool.StatedBlock)
                ?? throw TensorPool.Wrong(scale, $"it does not fit the codes {spec.Shape}");
            pool.Take(codes, scale);
            found.Add(new ScaledTensor(
                spec.Name,
                spec.Shape,
                pool.ModelType,
                $"int8, scales {scale.Spec.Type.SafetensorsName} {scale.Spec.Shape}",
                codes,
                CodePacking.Bytes,
                new SignedCodes(),
                new StoredScales(scale),
                grid));
        }

        return found;
    }
}
