using System.Numerics;
using System.Runtime.CompilerServices;

namespace DemEngine.Numerics.Simd;

/// <summary>Scalar code for operations that a register cannot do at once.</summary>
internal static class LaneByLane
{
    /// <summary>Scalar implementation of <see cref="IVectorWidth{TVector}.Compress"/>.</summary>
    /// <param name="lanes">All lanes of the register.</param>
    /// <param name="chosen">Mask with one bit for each lane, that of the first lane in the lowest bit.</param>
    /// <param name="destination">Receives the chosen lanes, one after the other.</param>
    public static int Compress(ReadOnlySpan<uint> lanes, uint chosen, ref byte destination)
    {
        int count = 0;
        for (; chosen != 0; chosen &= chosen - 1)
            Unsafe.WriteUnaligned(
                ref Unsafe.AddByteOffset(ref destination, (nuint)count++ * sizeof(uint)),
                lanes[BitOperations.TrailingZeroCount(chosen)]);
        return count;
    }
}
