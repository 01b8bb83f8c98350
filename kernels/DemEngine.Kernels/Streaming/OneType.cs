using DemEngine.Kernels.Launching;

namespace DemEngine.Kernels.Streaming;

/// <summary>Converts inputs of several types to one type on the device, for kernels that read one type only.</summary>
internal static class OneType
{
    /// <summary>Enqueues the conversion of a part's inputs; does nothing if they are of one type.</summary>
    public static void Convert(KernelTable kernels, TileBuffers buffers, TileShape shape, int count)
    {
        if (!shape.IsMixed)
            return;

        long stride = TileShape.Stride(shape.Common, count);
        for (int k = 0; k < shape.Types.Length; k++)
        {
            long to = shape.KernelInputsAt(count) + (k * stride);
            kernels.Convert(shape.Types[k], shape.Common)(
                buffers.Stream,
                kernels.ElementwiseConfig(count),
                buffers.Input(shape, k, count),
                buffers.Tensors(to, to + stride),
                buffers.Device<long>(TileShape.ScrapAt, TileShape.CountBytes),
                count);
        }
    }
}
