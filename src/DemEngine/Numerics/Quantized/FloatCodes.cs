using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using DemEngine.Numerics.Elements;
using DemEngine.Numerics.Simd;

namespace DemEngine.Numerics.Quantized;

/// <summary>Floats of 8 bits: value = code · scale, the product rounded once to binary32.</summary>
/// <param name="type">Element type of the codes; one of the float types of 8 bits.</param>
internal sealed class FloatCodes(ElementType type) : CodeValues
{
    public override void Decode(ReadOnlySpan<byte> codes, float scale, Span<float> values) =>
        Decode(codes, [scale], codes.Length, values);

    public override void Decode(ReadOnlySpan<byte> codes, ReadOnlySpan<float> scales, int block, Span<float> values)
    {
        if (!codes.IsEmpty)
            SmallFloatFormats.Dispatch<Run, bool>(type, new Run(codes, scales, block, values));
    }

    private readonly ref struct Run(ReadOnlySpan<byte> codes, ReadOnlySpan<float> scales, int block, Span<float> values)
        : ISmallFloatVisitor<bool>
    {
        private readonly ReadOnlySpan<byte> _codes = codes;
        private readonly Span<float> _values = values;
        private readonly ReadOnlySpan<float> _scales = scales;
        private readonly int _block = block;

        public bool Visit<TFormat>()
            where TFormat : struct, ISmallFloatFormat => VectorWidths.Best switch
            {
                VectorWidth.Bits512 => Decode<TFormat, Width512, Vector512<uint>>(),
                VectorWidth.Bits256 => Decode<TFormat, Width256, Vector256<uint>>(),
                _ => Decode<TFormat, Width128, Vector128<uint>>(),
            };

        private bool Decode<TFormat, TWidth, TVector>()
            where TFormat : struct, ISmallFloatFormat
            where TWidth : IVectorWidth<TVector>
            where TVector : struct
        {
            int count = _codes.Length;
            ref byte from = ref MemoryMarshal.GetReference(_codes);
            ref byte to = ref Unsafe.As<float, byte>(ref MemoryMarshal.GetReference(_values[..count]));
            for (int start = 0, index = 0; start < count; start += _block, index++)
            {
                int end = Math.Min(start + _block, count);
                float scale = _scales[index];
                TVector factor = TWidth.Broadcast(BitConverter.SingleToUInt32Bits(scale));
                int k = start;
                for (; k <= end - TWidth.Lanes; k += TWidth.Lanes)
                {
                    TVector numbers = SmallFloatElement<TFormat>.LoadSingles<TWidth, TVector>(in Unsafe.Add(ref from, k));
                    TWidth.Store(TWidth.MultiplySingle(numbers, factor), ref Unsafe.Add(ref to, (nint)k * sizeof(float)));
                }

                for (; k < end; k++)
                    _values[k] = (float)SmallFloatElement<TFormat>.Read(in Unsafe.Add(ref from, k)) * scale;
            }

            return true;
        }
    }
}
