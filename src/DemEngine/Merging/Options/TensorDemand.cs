using DemEngine.Checkpoints;

namespace DemEngine.Merging.Options;

/// <summary>Memory that a thread needs for the tiles of one tensor, from which <see cref="MemoryBudget"/> divides.</summary>
/// <param name="ElementSize">Bytes of the element that a tile's size is divided by for its number of elements.</param>
/// <param name="Buffers">Number of input buffers that a tile takes; inputs that are used where they lie take none.</param>
/// <param name="BufferElementBytes">Bytes of these buffers for each element, summed over the buffers.</param>
/// <param name="Margin">Maximum number of elements that are read beyond the tile, where whole rows are needed.</param>
/// <param name="WorkerBytes">Upper bound on the memory that the thread's worker and its statistics take for themselves.</param>
internal readonly record struct TensorDemand(
    int ElementSize, int Buffers, long BufferElementBytes, long Margin, long WorkerBytes)
{
    /// <summary>Memory that it takes to compute the inputs.</summary>
    public ComputingMemory Computing { get; init; }

    /// <summary>Size in bytes of the input buffers for a tile of the given size.</summary>
    public long InputBytes(int tileBytes) => ((tileBytes / ElementSize) + Margin) * BufferElementBytes;
}
