using DemEngine.Checkpoints;

namespace DemEngine.Merging;

/// <summary>Where finished tiles go: into the shards of an output, or into memory.</summary>
internal interface ITileSink
{
    /// <summary>Takes the bytes of a tile, from any thread.</summary>
    /// <param name="place">The tensor's place in the layout.</param>
    /// <param name="offset">Of the tile's first byte in the tensor.</param>
    /// <param name="bytes">The tile, no longer there after the call.</param>
    void Write(PlacedTensor place, long offset, ReadOnlySpan<byte> bytes);
}
