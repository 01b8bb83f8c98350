using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Merging.Pipeline;

/// <summary>
/// One output of an <see cref="OutputGroup"/>, written to the shards of a model or kept in memory. Tiles and tensors come from
/// any thread.
/// </summary>
internal interface IPlannedOutput
{
    /// <summary>The plan that is carried out.</summary>
    OutputPlan Plan { get; }

    /// <summary>Positions in the layout of the tensors that are still to be made, in its order.</summary>
    IReadOnlyList<int> ToMake { get; }

    /// <summary>
    /// Returns the memory in which to make a tile: its final location if that can be written directly, else the given buffer.
    /// </summary>
    /// <param name="place">The tensor's place in the layout.</param>
    /// <param name="offset">Offset of the tile's first byte in the tensor.</param>
    /// <param name="buffer">Buffer that has the length of the tile.</param>
    NativeBytes RoomFor(PlacedTensor place, long offset, NativeBytes buffer) => buffer;

    /// <summary>Takes the bytes of a finished tile.</summary>
    /// <param name="place">The tensor's place in the layout.</param>
    /// <param name="offset">Offset of the tile's first byte in the tensor.</param>
    /// <param name="tile">The memory that <see cref="RoomFor"/> returned, now filled; invalid after the call.</param>
    void Write(PlacedTensor place, long offset, NativeBytes tile);

    /// <summary>Called once for each tensor, after its last tile, with the number of its infinities and NaNs.</summary>
    void Finished(OutputTensor tensor, NonFinite nonFinite);
}
