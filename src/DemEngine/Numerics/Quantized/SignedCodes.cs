using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DemEngine.Numerics.Quantized;

/// <summary>Signed integers of 8 bits: value = code · scale, rounded to binary32.</summary>
/// <param name="second">
/// A second factor that the product is multiplied by, with a rounding of its own, as bitsandbytes does with 1/127; 1 for none.
/// </param>
internal sealed class SignedCodes(float second = 1) : CodeValues
{
    public override void Decode(ReadOnlySpan<byte> codes, float scale, Span<float> values)
    {
        ref byte from = ref MemoryMarshal.GetReference(codes);
        ref float to = ref MemoryMarshal.GetReference(values[..codes.Length]);
        var scales = Vector256.Create(scale);
        var seconds = Vector256.Create(second);
        int k = 0;
        for (; k <= codes.Length - 16; k += 16)
        {
            Vector128<sbyte> bytes = Vector128.LoadUnsafe(ref from, (nuint)k).AsSByte();
            Vector256<short> words = Vector256.WidenLower(bytes.ToVector256Unsafe());
            Vector256<float> lower = Vector256.ConvertToSingle(Vector256.WidenLower(words));
            Vector256<float> upper = Vector256.ConvertToSingle(Vector256.WidenUpper(words));
            (lower * scales * seconds).StoreUnsafe(ref to, (nuint)k);
            (upper * scales * seconds).StoreUnsafe(ref to, (nuint)k + 8);
        }

        for (; k < codes.Length; k++)
            values[k] = (sbyte)codes[k] * scale * second;
    }
}
