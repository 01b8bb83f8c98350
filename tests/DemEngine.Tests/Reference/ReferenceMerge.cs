using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Tests.Reference;

/// <summary>Whole tensors merged by the formulas, one element after the other.</summary>
internal static class ReferenceMerge
{
    /// <summary>b + Σ wᵢ·(xᵢ − b), or + wᵢ·dᵢ for a stored vector.</summary>
    public static byte[] Dem(
        ElementType type, (TensorSpec Spec, byte[] Bytes) baseTensor, params (double Weight, bool IsVector, (TensorSpec Spec, byte[] Bytes) Tensor)[] sources) =>
        Combine(
            new LinearCombination(
                startsFromBase: true,
                [.. sources.Select(source => new Term((float)source.Weight, source.IsVector ? TermKind.Plain : TermKind.RelativeToBase))]),
            type,
            [baseTensor, .. sources.Select(source => source.Tensor)]);

    /// <summary>Σ wᵢ·xᵢ.</summary>
    public static byte[] Linear(ElementType type, params (double Weight, (TensorSpec Spec, byte[] Bytes) Tensor)[] sources) =>
        Combine(
            new LinearCombination(startsFromBase: false, [.. sources.Select(source => new Term((float)source.Weight, TermKind.Plain))]),
            type,
            [.. sources.Select(source => source.Tensor)]);

    /// <summary>Along the arc from b to x, by the angle between the first so many elements of both.</summary>
    public static byte[] Slerp(ElementType type, double t, (TensorSpec Spec, byte[] Bytes) b, (TensorSpec Spec, byte[] Bytes) x, long measured)
    {
        double bb = 0, bx = 0, xx = 0;
        if (measured > 0)
        {
            using var first = new Copy((b.Spec, b.Bytes[..(int)(measured * b.Spec.Type.Size)]));
            using var second = new Copy((x.Spec, x.Bytes[..(int)(measured * x.Spec.Type.Size)]));
            foreach (double[] leaf in ReferenceGram.Run(relativeToBase: false, [first.Elements, second.Elements]).Chunk(3))
                (bb, bx, xx) = (bb + leaf[0], bx + leaf[1], xx + leaf[2]);
        }

        double cosine = Math.Max(-1, Math.Min(1, bx / (Math.Sqrt(bb) * Math.Sqrt(xx))));
        (double ofB, double ofX) = (1 - t, t);
        if (cosine is <= 0.9995 and >= -0.9995)
        {
            double angle = Math.Acos(cosine);
            (ofB, ofX) = (Math.Sin((1 - t) * angle) / Math.Sin(angle), Math.Sin(t * angle) / Math.Sin(angle));
        }

        return Linear(type, (ofB, b), (ofX, x));
    }

    private static byte[] Combine(LinearCombination sum, ElementType type, (TensorSpec Spec, byte[] Bytes)[] tensors)
    {
        Copy[] inputs = [.. tensors.Select(tensor => new Copy(tensor))];
        byte[] output = new byte[inputs[0].Elements.Count * type.Size];
        ReferenceCombination.Run(sum, [.. inputs.Select(input => input.Elements)], type, output);
        foreach (Copy input in inputs)
            input.Dispose();
        return output;
    }

    private sealed class Copy : IDisposable
    {
        private readonly NativeBuffer _buffer;

        public Copy((TensorSpec Spec, byte[] Bytes) tensor)
        {
            _buffer = new NativeBuffer(tensor.Bytes.Length);
            tensor.Bytes.CopyTo(_buffer.Bytes.Span);
            Elements = new TypedBytes(tensor.Spec.Type, _buffer.Bytes);
        }

        public TypedBytes Elements { get; }

        public void Dispose() => _buffer.Dispose();
    }
}
