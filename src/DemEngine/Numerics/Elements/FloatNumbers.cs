using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using DemEngine.Numerics.Simd;

namespace DemEngine.Numerics.Elements;

/// <summary>Converts stored floating-point elements to the numbers that a computation takes.</summary>
internal static class FloatNumbers
{
    /// <summary>Converts elements to binary32: exactly, but for binary64, which is rounded to nearest even.</summary>
    /// <param name="type">Floating-point type of the elements.</param>
    /// <param name="bytes">The elements.</param>
    /// <param name="numbers">Receives them.</param>
    public static void Read(ElementType type, ReadOnlySpan<byte> bytes, Span<float> numbers) =>
        FloatElements.Dispatch<ToSingles, int>(type, new ToSingles(bytes, numbers));

    /// <summary>Converts elements to binary64, those of binary64 by way of binary32.</summary>
    /// <param name="type">Floating-point type of the elements.</param>
    /// <param name="bytes">The elements.</param>
    /// <param name="numbers">Receives them.</param>
    public static void Read(ElementType type, ReadOnlySpan<byte> bytes, Span<double> numbers) =>
        FloatElements.Dispatch<ToDoubles, int>(type, new ToDoubles(bytes, numbers));

    /// <summary>Converts binary32 numbers to elements, rounded to nearest even.</summary>
    /// <param name="type">Floating-point type of the elements.</param>
    /// <param name="numbers">The numbers.</param>
    /// <param name="bytes">Receives the elements.</param>
    public static void Write(ElementType type, ReadOnlySpan<float> numbers, Span<byte> bytes) =>
        FloatElements.Dispatch<FromSingles, int>(type, new FromSingles(numbers, bytes));

    private readonly ref struct FromSingles(ReadOnlySpan<float> numbers, Span<byte> bytes) : IFloatElementVisitor<int>
    {
        private readonly ReadOnlySpan<float> _numbers = numbers;
        private readonly Span<byte> _bytes = bytes;

        public int Visit<TElement>()
            where TElement : IFloatElement
        {
            for (int k = 0; k < _numbers.Length; k++)
                TElement.Write(_numbers[k], ref _bytes[k * TElement.Size]);
            return 0;
        }
    }

    private readonly ref struct ToSingles(ReadOnlySpan<byte> bytes, Span<float> numbers) : IFloatElementVisitor<int>
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;
        private readonly Span<float> _numbers = numbers;

        public int Visit<TElement>()
            where TElement : IFloatElement
        {
            int whole = !TElement.FitsSingle ? 0 : VectorWidths.Best switch
            {
                VectorWidth.Bits512 => Vectors<TElement, Width512, Vector512<uint>>(_bytes, _numbers),
                VectorWidth.Bits256 => Vectors<TElement, Width256, Vector256<uint>>(_bytes, _numbers),
                _ => Vectors<TElement, Width128, Vector128<uint>>(_bytes, _numbers),
            };
            for (int k = whole; k < _numbers.Length; k++)
                _numbers[k] = (float)TElement.Read(in _bytes[k * TElement.Size]);
            return 0;
        }

        /// <returns>Number of elements that were converted: all but what is less than a vector.</returns>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static int Vectors<TElement, TWidth, TVector>(ReadOnlySpan<byte> bytes, Span<float> numbers)
            where TElement : IFloatElement
            where TWidth : IVectorWidth<TVector>
            where TVector : struct
        {
            int whole = numbers.Length - (numbers.Length % TWidth.Lanes);
            ref byte from = ref MemoryMarshal.GetReference(bytes[..(numbers.Length * TElement.Size)]);
            ref byte to = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(numbers));
            for (int k = 0; k < whole; k += TWidth.Lanes)
                TWidth.Store(
                    TElement.LoadSingles<TWidth, TVector>(ref Unsafe.AddByteOffset(ref from, (nuint)k * (nuint)TElement.Size)),
                    ref Unsafe.AddByteOffset(ref to, (nuint)k * sizeof(float)));
            return whole;
        }
    }

    private readonly ref struct ToDoubles(ReadOnlySpan<byte> bytes, Span<double> numbers) : IFloatElementVisitor<int>
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;
        private readonly Span<double> _numbers = numbers;

        public int Visit<TElement>()
            where TElement : IFloatElement
        {
            int whole = !TElement.FitsSingle ? 0 : VectorWidths.Best switch
            {
                VectorWidth.Bits512 => Vectors<TElement, Width512, Vector512<uint>>(_bytes, _numbers),
                VectorWidth.Bits256 => Vectors<TElement, Width256, Vector256<uint>>(_bytes, _numbers),
                _ => Vectors<TElement, Width128, Vector128<uint>>(_bytes, _numbers),
            };
            for (int k = whole; k < _numbers.Length; k++)
                _numbers[k] = (float)TElement.Read(in _bytes[k * TElement.Size]);
            return 0;
        }

        /// <returns>Number of elements that were converted: all but what is less than a vector.</returns>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static int Vectors<TElement, TWidth, TVector>(ReadOnlySpan<byte> bytes, Span<double> numbers)
            where TElement : IFloatElement
            where TWidth : IVectorWidth<TVector>
            where TVector : struct
        {
            int whole = numbers.Length - (numbers.Length % TWidth.Lanes);
            ref byte from = ref MemoryMarshal.GetReference(bytes[..(numbers.Length * TElement.Size)]);
            ref byte to = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(numbers));
            for (int k = 0; k < whole; k += TWidth.Lanes)
            {
                TVector singles = TElement.LoadSingles<TWidth, TVector>(
                    ref Unsafe.AddByteOffset(ref from, (nuint)k * (nuint)TElement.Size));
                ref byte at = ref Unsafe.AddByteOffset(ref to, (nuint)k * sizeof(double));
                TWidth.Store(TWidth.WidenLower(singles), ref at);
                TWidth.Store(
                    TWidth.WidenUpper(singles), ref Unsafe.AddByteOffset(ref at, (nuint)(TWidth.Lanes / 2) * sizeof(double)));
            }

            return whole;
        }
    }
}
