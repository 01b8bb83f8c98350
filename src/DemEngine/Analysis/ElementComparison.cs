using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using DemEngine.Numerics;

namespace DemEngine.Analysis;

/// <summary>Loops that compare elements.</summary>
internal static class ElementComparison
{
    /// <summary>Counts the elements whose bits differ.</summary>
    /// <param name="size">Size of an element in bytes.</param>
    /// <param name="a">Bytes of the first elements.</param>
    /// <param name="b">Bytes of the second elements, of the same number.</param>
    public static long CountDifferentBits(int size, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b) => size switch
    {
        1 => CountDifferent(a, b),
        2 => CountDifferent(MemoryMarshal.Cast<byte, ushort>(a), MemoryMarshal.Cast<byte, ushort>(b)),
        4 => CountDifferent(MemoryMarshal.Cast<byte, uint>(a), MemoryMarshal.Cast<byte, uint>(b)),
        _ => CountDifferent(MemoryMarshal.Cast<byte, ulong>(a), MemoryMarshal.Cast<byte, ulong>(b)),
    };

    /// <summary>Counts the elements whose values differ; a NaN equals any NaN.</summary>
    public static long CountDifferentValues(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        long different = 0;
        for (int i = 0; i < a.Length; i++)
            different += a[i] != b[i] && !(double.IsNaN(a[i]) && double.IsNaN(b[i])) ? 1 : 0;
        return different;
    }

    /// <summary>Finds the largest finite absolute difference; negative if there is none.</summary>
    /// <param name="a">First values.</param>
    /// <param name="b">Second values, of the same number.</param>
    /// <param name="nonFinite">Number of differences that are infinite or NaN.</param>
    public static double Largest(ReadOnlySpan<double> a, ReadOnlySpan<double> b, out long nonFinite)
    {
        var largest = new Vector<double>(-1.0);
        var finite = Vector<long>.Zero;
        int i = 0;
        for (; i + Vector<double>.Count <= a.Length; i += Vector<double>.Count)
        {
            Vector<double> difference = Vector.Abs(new Vector<double>(a[i..]) - new Vector<double>(b[i..]));
            Vector<long> isFinite = Vector.LessThan(difference, new Vector<double>(double.PositiveInfinity));
            finite += isFinite;
            largest = Vector.Max(largest, Vector.ConditionalSelect(isFinite, difference, new Vector<double>(-1.0)));
        }

        nonFinite = i + Vector.Sum(finite);
        double result = -1;
        for (int lane = 0; lane < Vector<double>.Count; lane++)
            result = Math.Max(result, largest[lane]);
        for (; i < a.Length; i++)
        {
            double difference = Math.Abs(a[i] - b[i]);
            if (!double.IsFinite(difference))
                nonFinite++;
            else
                result = Math.Max(result, difference);
        }

        return result;
    }

    /// <summary>
    /// Returns the index of the first element whose absolute difference has a given value; −1 if there is none.
    /// </summary>
    public static int IndexOf(double difference, ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        for (int i = 0; i < a.Length; i++)
        {
            if (Math.Abs(a[i] - b[i]) == difference)
                return i;
        }

        return -1;
    }

    /// <summary>Computes the exact absolute difference of two integers or booleans, rounded to double once.</summary>
    public static double IntegerDifference(ElementType type, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, int index) =>
        (double)Int128.Abs(ReadInteger(type, a, index) - ReadInteger(type, b, index));

    private static Int128 ReadInteger(ElementType type, ReadOnlySpan<byte> bytes, int index)
    {
        bytes = bytes.Slice(index * type.Size, type.Size);
        return type switch
        {
            ElementType.I8 => (sbyte)bytes[0],
            ElementType.U16 => MemoryMarshal.Read<ushort>(bytes),
            ElementType.I16 => MemoryMarshal.Read<short>(bytes),
            ElementType.U32 => MemoryMarshal.Read<uint>(bytes),
            ElementType.I32 => MemoryMarshal.Read<int>(bytes),
            ElementType.U64 => MemoryMarshal.Read<ulong>(bytes),
            ElementType.I64 => MemoryMarshal.Read<long>(bytes),
            _ => bytes[0],
        };
    }

    private static long CountDifferent<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b)
        where T : unmanaged, IEquatable<T>
    {
        long different = 0;
        int i = 0;
        for (; i + Vector256<T>.Count <= a.Length; i += Vector256<T>.Count)
        {
            uint equal = Vector256.Equals(Vector256.Create(a[i..]), Vector256.Create(b[i..])).ExtractMostSignificantBits();
            different += Vector256<T>.Count - BitOperations.PopCount(equal);
        }

        for (; i < a.Length; i++)
            different += a[i].Equals(b[i]) ? 0 : 1;
        return different;
    }
}
