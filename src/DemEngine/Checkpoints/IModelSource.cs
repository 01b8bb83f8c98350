namespace DemEngine.Checkpoints;

/// <summary>
/// A model whose tensors are not in safetensors files: in memory, in an object store, in another format. A recipe names it
/// like a folder; see
/// <see cref="ModelSources"/>.
/// </summary>
/// <remarks>Implementations are called by several threads at once.</remarks>
public interface IModelSource
{
    /// <summary>The tensors, each name once. The list must not change while the model is in use.</summary>
    IReadOnlyList<TensorSpec> Tensors { get; }

    /// <summary>
    /// Small files that belong to the model, by their paths in its folder: <c>config.json</c>, or with slashes
    /// <c>1_Pooling/config.json</c>. A path that leads out of the folder is refused (DEM2023, BadSideFile).
    /// </summary>
    IReadOnlyDictionary<string, byte[]> SideFiles => new Dictionary<string, byte[]>();

    /// <summary>Reads a part of a tensor. A part may be asked for more than once, and parts come in any order.</summary>
    /// <param name="tensor">Position of the tensor in <see cref="Tensors"/>.</param>
    /// <param name="offset">
    /// Offset of the part's first byte in the tensor's row-major, little-endian data; a multiple of the element size.
    /// </param>
    /// <param name="destination">Memory to fill completely.</param>
    /// <exception cref="IOException">The part cannot be read. The merge fails with DEM4003 (ReadFailed).</exception>
    void Read(int tensor, long offset, Span<byte> destination);
}
