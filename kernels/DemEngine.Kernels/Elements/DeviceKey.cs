using DemEngine.Numerics.Deltas;
using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels.Elements;

/// <summary>Computes the keys that <see cref="DeltaKey"/> defines, without branches.</summary>
internal static class DeviceKey
{
    /// <summary>Computes the key of |δ|.</summary>
    /// <param name="bits">Binary32 encoding of δ.</param>
    public static uint Of(uint bits)
    {
        uint magnitude = bits & 0x7FFF_FFFF;
        return Utilities.Select(magnitude < DeltaKey.NotANumber, magnitude, DeltaKey.NotANumber);
    }

    /// <summary>Computes the key of a sum of squares.</summary>
    public static uint OfSquares(double sum) =>
        Utilities.Select(double.IsNaN(sum), DeltaKey.Largest, (uint)(Interop.FloatAsInt(sum) >> 32));

    /// <summary>Computes the key of binary32(|δ|·factor).</summary>
    public static uint OfImportance(uint bits, float factor) =>
        Of(Interop.FloatAsInt((float)((double)Interop.IntAsFloat(bits & 0x7FFF_FFFF) * factor)));
}
