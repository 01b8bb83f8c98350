using System.Numerics;
using System.Runtime.CompilerServices;

namespace DemEngine.Numerics.Simd;

/// <summary>What a register cannot do at once.</summary>
internal static class LaneByLane
{
    /// <summary><see cref="IVectorWidth{TVector}.Compress"/>.</summary>
    /// <param name="lanes">All lanes.</param>
    /// <param name="chosen">A bit for each lane, that of the first lowest.</param>
    /// <param name="destination">Where they go.</param>
    public static int Compress(ReadOnlySpan<uint> lanes, uint chosen, ref byte destination)
    {
        int count = 0;
        for (; chosen != 0; chosen &= chosen - 1)
            Unsafe.WriteUnaligned(ref Unsafe.AddByteOffset(ref destination, (nuint)count++ * sizeof(uint)), lanes[BitOperations.TrailingZeroCount(chosen)]);
        return count;
    }
}
