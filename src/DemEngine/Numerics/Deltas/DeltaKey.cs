namespace DemEngine.Numerics.Deltas;

/// <summary>
/// Magnitudes as 31-bit integers in the same order, so that they can be counted in bins and compared exactly on every device.
/// </summary>
internal static class DeltaKey
{
    /// <summary>Key of every NaN, above all others. Whatever is kept includes NaNs, so that they are noticed.</summary>
    public const uint NotANumber = 0x7F80_0001;

    /// <summary>Largest key of all.</summary>
    public const uint Largest = 0x7FF8_0000;

    /// <summary>The key of |δ|: its binary32 encoding without the sign.</summary>
    public static uint Of(float delta) => Math.Min(BitConverter.SingleToUInt32Bits(delta) & 0x7FFF_FFFF, NotANumber);

    /// <summary>The key of a sum of squares, which binary32 might not hold: the upper half of its binary64 encoding.</summary>
    /// <param name="sum">Sum of squares, not negative, or NaN.</param>
    public static uint OfSquares(double sum) => double.IsNaN(sum) ? Largest : (uint)(BitConverter.DoubleToUInt64Bits(sum) >> 32);
}
