using DemEngine.Errors;

namespace DemEngine.Checkpoints.Quantized;

/// <summary>The scales of a quantised tensor, in the order in which they are stored.</summary>
internal abstract class ScaleSource
{
    /// <summary>The stored tensors that hold them.</summary>
    public abstract IReadOnlyList<StoredTensor> Parts { get; }

    /// <summary>Reads scales.</summary>
    /// <param name="first">Index of the first one.</param>
    /// <param name="scales">Receives them.</param>
    /// <exception cref="DemException">DEM2034 (BadScale): a scale is NaN or infinite.</exception>
    public abstract void Read(long first, Span<float> scales);

    /// <summary>Announces that scales will be read soon.</summary>
    public abstract void WillNeed(long first, long count);

    /// <summary>Refuses scales that are not finite, of which no value follows.</summary>
    /// <param name="part">Tensor that holds them, for the message.</param>
    /// <param name="first">Index of the first one.</param>
    /// <param name="scales">The scales.</param>
    protected static void RequireFinite(StoredTensor part, long first, ReadOnlySpan<float> scales)
    {
        for (int k = 0; k < scales.Length; k++)
        {
            if (!float.IsFinite(scales[k]))
                throw NotFinite(part, first + k, scales[k]);
        }
    }

    /// <summary>Makes the error of a scale that is not finite.</summary>
    /// <param name="part">Tensor that holds it.</param>
    /// <param name="index">Index of the scale.</param>
    /// <param name="scale">The scale.</param>
    public static DemException NotFinite(StoredTensor part, long index, float scale) => new(
        ErrorCode.BadScale,
        $"{part.File}: tensor {Quoted.Name(part.Spec.Name)}: scale {index} is {scale}")
    {
        Path = part.File,
        Tensor = part.Spec.Name,
    };
}
