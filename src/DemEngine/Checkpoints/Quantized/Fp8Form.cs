using DemEngine.Numerics;
using DemEngine.Numerics.Quantized;

namespace DemEngine.Checkpoints.Quantized;

/// <summary>
/// FP8 with a scale for the tensor, for each channel, for each block or group: value = code · scale, in binary32. This is how
/// DeepSeek-V3 (<c>weight_dequant</c> of its published inference code), transformers' fine-grained FP8 (<c>Fp8Dequantize</c>),
/// compressed-tensors (<c>float-quantized</c>), NVIDIA's Model Optimizer (FP8 and <c>fp8_pb_wo</c>), FBGEMM, MXFP8 and
/// ComfyUI's scaled FP8 define it. The references compute in binary32 and then round to the model's type; compressed-tensors
/// multiplies in the type of the scales. Here it is the binary32 product.
/// </summary>
internal sealed class Fp8Form : IQuantizedForm
{
    public IEnumerable<DecodedTensor> Find(TensorPool pool)
    {
        var found = new List<DecodedTensor>();
        foreach (StoredTensor codes in pool.Left.Where(IsCodes).ToArray())
        {
            if (Decode(codes, pool) is { } tensor)
                found.Add(tensor);
        }

        return found;
    }

    /// <summary>Whether a tensor can hold FP8 codes that need a scale.</summary>
    public static bool IsCodes(StoredTensor tensor) =>
        tensor.Spec.Type is ElementType.F8E4M3 or ElementType.F8E5M2 or ElementType.F8E4M3Fnuz or ElementType.F8E5M2Fnuz
        && tensor.Spec.Shape.ElementCount > 0;

    private static ScaledTensor? Decode(StoredTensor codes, TensorPool pool)
    {
        TensorSpec spec = codes.Spec;
        string module = spec.Name.EndsWith(".weight", StringComparison.Ordinal) ? spec.Name[..^"weight".Length] : "";
        StoredTensor? scale = pool.FindAny($"{spec.Name}_scale_inv", $"{spec.Name}_scale");
        if (scale is null && module.Length > 0)
            scale = pool.FindAny($"{module}scale_weight", $"{module}scale");
        if (scale is null)
            return null;
        if (!ScaleNumbers.IsKnown(scale.Spec.Type))
            throw TensorPool.Wrong(scale, "no type of scales");
        ScaleGrid grid = ScaleGrid.Find(spec.Shape, scale.Spec.Shape, pool.StatedBlock)
            ?? throw TensorPool.Wrong(scale, $"it does not fit the codes {spec.Shape}");

        // One byte is a power of two only in the microscaling form, whose groups have 32 elements.
        if (scale.Spec.Type is ElementType.U8 && grid.LineBlock != 32)
            throw TensorPool.Wrong(scale, $"U8 scales are powers of two for groups of 32, and the codes are {spec.Shape}");
        pool.Take(codes, scale);
        return new ScaledTensor(
            spec.Name,
            spec.Shape,
            pool.ModelType,
            $"{spec.Type.SafetensorsName}, scales {scale.Spec.Type.SafetensorsName} {scale.Spec.Shape}",
            codes,
            CodePacking.Bytes,
            new FloatCodes(spec.Type),
            new StoredScales(scale),
            grid);
    }
}
