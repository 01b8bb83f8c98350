namespace DemEngine.Merging.Options;

/// <summary>The size of tiles and the number of threads, as <see cref="MemoryBudget"/> chooses them.</summary>
/// <param name="Bytes">Size of an output tile in bytes, a whole number of hash leaves.</param>
/// <param name="Outputs">Number of outputs whose tiles at the same position are made at a time.</param>
/// <param name="Threads">Number of threads, each with its own buffers.</param>
internal readonly record struct TileSize(int Bytes, int Outputs, int Threads);
