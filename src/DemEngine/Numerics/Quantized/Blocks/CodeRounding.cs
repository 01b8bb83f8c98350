using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DemEngine.Numerics.Quantized.Blocks;

/// <summary>Finds the codes of numbers whose scale is known.</summary>
internal static class CodeRounding
{
    /// <summary>
    /// Computes (x + added) / step, rounded to the nearest integer, ties to even, between two bounds, and takes the lower bound
    /// off.
    /// </summary>
    /// <param name="values">The numbers x, as many as a multiple of 8, all of them finite.</param>
    /// <param name="added">Number that is added to each.</param>
    /// <param name="step">Distance of the numbers of two codes; 0 where all codes mean the same.</param>
    /// <param name="bottom">The lower bound.</param>
    /// <param name="top">The upper bound.</param>
    /// <param name="codes">Receives a code for each number.</param>
    public static void Nearest(ReadOnlySpan<float> values, float added, float step, int bottom, int top, Span<byte> codes)
    {
        if (step == 0)
        {
            codes[..values.Length].Fill((byte)-bottom);
            return;
        }

        ref float from = ref MemoryMarshal.GetReference(values);
        ref byte to = ref MemoryMarshal.GetReference(codes[..values.Length]);
        Vector256<float> offset = Vector256.Create(added), distance = Vector256.Create(step);
        Vector256<float> least = Vector256.Create((float)bottom), most = Vector256.Create((float)top);
        for (int k = 0; k < values.Length; k += Vector256<float>.Count)
        {
            Vector256<float> nearest = Vector256.Round((Vector256.LoadUnsafe(ref from, (nuint)k) + offset) / distance);
            Vector256<float> bounded = Vector256.Min(Vector256.Max(nearest, least), most);
            Vector256<uint> numbers = Vector256.ConvertToInt32(bounded - least).AsUInt32();
            Vector128<ushort> words = Vector128.Narrow(numbers.GetLower(), numbers.GetUpper());
            Vector128.Narrow(words, words).GetLower().StoreUnsafe(ref to, (nuint)k);
        }
    }
}
