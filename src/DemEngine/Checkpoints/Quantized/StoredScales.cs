using DemEngine.Numerics.Quantized;

namespace DemEngine.Checkpoints.Quantized;

/// <summary>
/// Scales that are stored as numbers, with a second one over all of them in forms of two levels: each is multiplied or divided
/// by that, and rounded to binary32, before it is used.
/// </summary>
/// <param name="part">Tensor of the scales.</param>
/// <param name="over">The scale over all of them, of one element; null for none.</param>
/// <param name="isDivisor">Whether the scales are divided by that rather than multiplied.</param>
internal sealed class StoredScales(StoredTensor part, StoredTensor? over = null, bool isDivisor = false) : ScaleSource
{
    public override IReadOnlyList<StoredTensor> Parts { get; } = over is null ? [part] : [part, over];

    public override void Read(long first, Span<float> scales)
    {
        using (PartBytes stored = PartBytes.Read(part, first, scales.Length))
            ScaleNumbers.Read(part.Spec.Type, stored.Bytes, scales);
        RequireFinite(part, first, scales);
        if (over is null)
            return;

        Span<float> common = stackalloc float[1];
        using (PartBytes stored = PartBytes.Read(over, 0, 1))
            ScaleNumbers.Read(over.Spec.Type, stored.Bytes, common);
        RequireFinite(over, 0, common);
        foreach (ref float scale in scales)
            scale = isDivisor ? scale / common[0] : scale * common[0];
        RequireFinite(part, first, scales);
    }

    public override void WillNeed(long first, long count) => part.WillNeed(first, count);
}
