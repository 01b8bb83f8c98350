namespace DemEngine.Checkpoints;

/// <summary>Memory that it takes to compute a tensor while it is read, beside that of what is read.</summary>
/// <param name="SharedBytes">Upper bound on what all threads use together, for all tensors of a run.</param>
/// <param name="ThreadBytes">Upper bound on what a thread uses for a part of the tensor, however large the part is.</param>
internal readonly record struct ComputingMemory(long SharedBytes, long ThreadBytes)
{
    /// <summary>Memory for two tensors that a thread computes one after the other.</summary>
    public ComputingMemory Or(ComputingMemory other) =>
        new(Math.Max(SharedBytes, other.SharedBytes), Math.Max(ThreadBytes, other.ThreadBytes));

    /// <summary>Memory for two matrices of which a thread needs parts at the same time.</summary>
    public ComputingMemory And(ComputingMemory other) =>
        new(Math.Max(SharedBytes, other.SharedBytes), ThreadBytes + other.ThreadBytes);

    /// <summary>Bytes of an array from a pool, which has a power of two of elements.</summary>
    public static long Rented(long elements, int size) =>
        (long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)Math.Max(1, elements)) * size;
}
