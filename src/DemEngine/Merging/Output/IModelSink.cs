using DemEngine.Checkpoints;

namespace DemEngine.Merging.Output;

/// <summary>
/// Where a merged model goes that is not to be written as a folder: to memory, to an object store, into another format.
/// </summary>
/// <remarks><see cref="Write"/> is called by several threads at once, the other members by one.</remarks>
public interface IModelSink
{
    /// <summary>Called once, before anything is written.</summary>
    /// <param name="tensors">Every tensor that will be written, in the order of the output.</param>
    void Begin(IReadOnlyList<TensorSpec> tensors);

    /// <summary>Takes a part of a tensor. Every byte of every tensor comes once, in any order.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="offset">Offset of the part's first byte in the tensor's row-major, little-endian data.</param>
    /// <param name="bytes">The part; its memory is used again after the call.</param>
    void Write(TensorSpec tensor, long offset, ReadOnlySpan<byte> bytes);

    /// <summary>
    /// Called once, after everything is written and checked. If it is not called, the model is not complete and must not be
    /// used.
    /// </summary>
    /// <param name="sideFiles">
    /// Small files that belong to the model, by their paths in its folder: <c>config.json</c>, or with slashes
    /// <c>1_Pooling/config.json</c>. No path leads out of the folder.
    /// </param>
    void Complete(IReadOnlyDictionary<string, byte[]> sideFiles);
}
