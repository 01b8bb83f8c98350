using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Merging.Pipeline;

/// <summary>One output of an <see cref="OutputGroup"/>: in the shards of a model, or in memory. Tiles and tensors come from any thread.</summary>
internal interface IPlannedOutput
{
    /// <summary>What is carried out.</summary>
    OutputPlan Plan { get; }

    /// <summary>The tensors that are still to be made, in the order of the layout.</summary>
    IReadOnlyList<(OutputTensor Tensor, PlacedTensor Place)> ToMake { get; }

    /// <summary>Where a tile is to be made: where it will stay, if that can be, or else a buffer.</summary>
    /// <param name="place">The tensor's place in the layout.</param>
    /// <param name="offset">Of the tile's first byte in the tensor.</param>
    /// <param name="buffer">As long as the tile.</param>
    NativeBytes RoomFor(PlacedTensor place, long offset, NativeBytes buffer) => buffer;

    /// <summary>Takes the bytes of a tile.</summary>
    /// <param name="place">The tensor's place in the layout.</param>
    /// <param name="offset">Of the tile's first byte in the tensor.</param>
    /// <param name="tile">What was made in <see cref="RoomFor"/>; no longer there after the call.</param>
    void Write(PlacedTensor place, long offset, NativeBytes tile);

    /// <summary>Called once for each tensor, after its last tile.</summary>
    void Finished(OutputTensor tensor, NonFinite nonFinite);
}
