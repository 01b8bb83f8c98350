using System.Runtime.Intrinsics;

namespace DemEngine.Numerics.Simd;

/// <summary>How many bits the processor's loops work on at a time. The results do not depend on it.</summary>
public enum VectorWidth
{
    /// <summary>NEON, SSE.</summary>
    Bits128 = 128,

    /// <summary>AVX2.</summary>
    Bits256 = 256,

    /// <summary>AVX-512.</summary>
    Bits512 = 512,
}

/// <summary>What this processor can do.</summary>
internal static class VectorWidths
{
    /// <summary>The widest that the hardware has.</summary>
    public static VectorWidth Best { get; } =
        Vector512.IsHardwareAccelerated ? VectorWidth.Bits512 :
        Vector256.IsHardwareAccelerated ? VectorWidth.Bits256 :
        VectorWidth.Bits128;
}
