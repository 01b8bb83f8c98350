using System.Collections.Immutable;
using DemEngine.Numerics;
using DemEngine.Numerics.Quantized;

namespace DemEngine.Checkpoints.Quantized;

/// <summary>
/// Floats of 4 bits, two in a byte with the first in the low bits, and a scale for each group of a row. MXFP4 (OCP Microscaling
/// Formats Specification 1.0): groups of 32 with powers of two, exact in binary32. NVFP4: groups of 16 with scales in FP8 E4M3
/// and one in F32 over all of them, which NVIDIA's Model Optimizer multiplies by (<c>weight_scale_2</c>) and compressed-tensors
/// divides by (<c>weight_global_scale</c>): value = code · (scale · global) with a rounding to binary32 after each operation,
/// as both define it.
/// </summary>
internal sealed class PackedFloatForm : IQuantizedForm
{
    public IEnumerable<DecodedTensor> Find(TensorPool pool)
    {
        var found = new List<DecodedTensor>();
        foreach (StoredTensor codes in pool.Left.Where(tensor => tensor.Spec.Type is ElementType.U8 or ElementType.F4).ToArray())
        {
            string name = codes.Spec.Name;
            string? logical = name.EndsWith("weight_packed", StringComparison.Ordinal) ? name[..^"_packed".Length]
                : name.EndsWith("weight", StringComparison.Ordinal) ? name
                : null;
            if (logical is not null && pool.Find($"{logical}_scale") is { } scale
                && Decode(logical, codes, scale, pool) is { } tensor)
                found.Add(tensor);
        }

        return found;
    }

    private static ScaledTensor? Decode(string name, StoredTensor codes, StoredTensor scale, TensorPool pool)
    {
        ImmutableArray<long> stored = codes.Spec.Shape.Dimensions;
        if (stored.Length < 2)
            return null;
        StoredTensor? product = pool.Find($"{name}_scale_2");
        StoredTensor? divisor = pool.Find($"{name}_global_scale");
        bool isTwoLevels = scale.Spec.Type == ElementType.F8E4M3;
        if (!isTwoLevels && scale.Spec.Type is not (ElementType.U8 or ElementType.F8E8M0))
            return null;
        StoredTensor? over = product ?? divisor;
        if (isTwoLevels && over is null)
            throw TensorPool.Missing(codes, $"\"{name}_scale_2\" or \"{name}_global_scale\"");
        if (over is not null)
        {
            TensorPool.RequireType(over, ElementType.F32);
            if (over.Spec.Shape.ElementCount != 1)
                throw TensorPool.Wrong(over, "expected is one scale over all others");
        }

        // A header counts the elements of F4 as such, and the bytes of U8.
        var shape = codes.Spec.Type == ElementType.F4
            ? codes.Spec.Shape
            : new TensorShape(stored.SetItem(stored.Length - 1, stored[^1] * 2));
        int group = isTwoLevels ? 16 : 32;
        ScaleGrid? grid = ScaleGrid.Find(shape, scale.Spec.Shape, [group]);
        if (grid is null || grid.LineBlock != group || shape.RowLength % 2 != 0)
            throw TensorPool.Wrong(scale, $"expected is a scale for each {group} elements of {shape}");
        pool.Take(codes, scale, over, pool.Find($"{name}_shape"));
        return new ScaledTensor(
            name,
            shape,
            pool.ModelType,
            isTwoLevels ? "NVFP4" : "MXFP4",
            codes,
            CodePacking.LowNibbleFirst,
            TableCodes.E2M1,
            new StoredScales(scale, isTwoLevels ? over : null, isDivisor: product is null),
            grid);
    }
}
