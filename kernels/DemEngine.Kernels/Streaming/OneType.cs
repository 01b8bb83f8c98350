using DemEngine.Kernels.Launching;

namespace DemEngine.Kernels.Streaming;

/// <summary>Inputs of several types, brought to one on the device for kernels that read one.</summary>
internal static class OneType
{
    /// <summary>Launches what converts a part's inputs; nothing if they are of one type.</summary>
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
