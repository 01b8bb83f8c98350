using DemEngine.Numerics.Deltas;
using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels.Deltas;

/// <summary>Keys as <see cref="DeltaKey"/> defines them, without branches.</summary>
internal static class DeviceKey
{
    /// <summary>The key of |δ|.</summary>
    /// <param name="bits">δ's encoding.</param>
    public static uint Of(uint bits)
    {
        uint magnitude = bits & 0x7FFF_FFFF;
        return Utilities.Select(magnitude < DeltaKey.NotANumber, magnitude, DeltaKey.NotANumber);
    }

    /// <summary>The key of a sum of squares.</summary>
    public static uint OfSquares(double sum) =>
        Utilities.Select(double.IsNaN(sum), DeltaKey.Largest, (uint)(Interop.FloatAsInt(sum) >> 32));

    /// <summary>The key of binary32(|δ|·factor).</summary>
    public static uint OfImportance(uint bits, float factor) =>
        Of(Interop.FloatAsInt((float)((double)Interop.IntAsFloat(bits & 0x7FFF_FFFF) * factor)));
}
