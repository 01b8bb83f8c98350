using System.Runtime.Intrinsics;

namespace DemEngine.Numerics.Simd;

/// <summary>Number of bits that the processor's loops work on at a time. The results do not depend on it.</summary>
public enum VectorWidth
{
    /// <summary>Vectors of 128 bits: NEON or SSE.</summary>
    Bits128 = 128,

    /// <summary>Vectors of 256 bits: AVX2.</summary>
    Bits256 = 256,

    /// <summary>Vectors of 512 bits: AVX-512.</summary>
    Bits512 = 512,
}

/// <summary>Vector widths that this processor supports.</summary>
internal static class VectorWidths
{
    /// <summary>Widest vectors that the hardware supports.</summary>
    public static VectorWidth Best { get; } =
        Vector512.IsHardwareAccelerated ? VectorWidth.Bits512 :
        Vector256.IsHardwareAccelerated ? VectorWidth.Bits256 :
        VectorWidth.Bits128;
}
