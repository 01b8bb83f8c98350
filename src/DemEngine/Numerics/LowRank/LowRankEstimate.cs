using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DemEngine.Numerics.Simd;

namespace DemEngine.Numerics.LowRank;

/// <summary>
/// Adds a product of two thin matrices to a strip of <see cref="Rows"/> rows in binary32, Y ← Y + C·R. It takes half the time of
/// <see cref="LowRankProduct"/>, and its last bits depend on the machine: it serves where a bound on its error shows that they do
/// not matter.
/// </summary>
/// <remarks>
/// Let u = 2⁻²⁴ and r be the rank. The product of step k, from 0 on, is rounded once, and once more by each of the r − k sums
/// from there on, of which the first, 0 + c₀·r₀, is exact. So a sum that starts from zero is off by less than u·Σ vₖ·|cₖ||rₖ| but
/// for terms of second order, with v₀ = r and vₖ = r − k + 1 (Higham, "Accuracy and stability of numerical algorithms", 3.1).
/// Adding it to Y rounds once more.
/// </remarks>
internal static class LowRankEstimate
{
    /// <summary>Number of rows in a strip.</summary>
    public const int Rows = 8;

    private const int Panel = PackedFactor.PanelColumns;
    private const nuint PanelRow = Panel * sizeof(float);

    /// <summary>How often the product of a step is rounded until the sum of all steps is there.</summary>
    /// <param name="step">Index of the step, of a column of C and a row of R.</param>
    /// <param name="rank">Number of steps.</param>
    public static int RoundingsOf(int step, int rank) => step == 0 ? rank : rank - step + 1;

    /// <summary>Number of floats from one row of Y to the next, for a number of columns: whole pairs of panels.</summary>
    /// <param name="columns">Number of columns.</param>
    public static int StrideOf(int columns) => (columns + (2 * Panel) - 1) / (2 * Panel) * 2 * Panel;

    /// <summary>Computes Y ← Y + C·R, or Y ← C·R.</summary>
    /// <param name="coefficients">
    /// C, column by column: <see cref="Rows"/> numbers for each row of R. Rows that the strip lacks are zeros.
    /// </param>
    /// <param name="rows">Number of rows of the strip; the others may or may not be computed.</param>
    /// <param name="panels">R from the panel on that the strip begins with.</param>
    /// <param name="panelCount">
    /// Number of panels; as many columns of Y are computed as are in them, up to a pair of panels.
    /// </param>
    /// <param name="sums">Y, whose rows are <see cref="StrideOf"/> the panels' columns apart.</param>
    /// <param name="startsFromZero">Whether Y counts as zero, whatever it holds.</param>
    /// <typeparam name="TWidth">Width of the vectors.</typeparam>
    /// <typeparam name="TVector">Register of that width.</typeparam>
    public static void Add<TWidth, TVector>(
        ReadOnlySpan<float> coefficients, int rows, ReadOnlySpan<byte> panels, int panelCount, Span<float> sums,
        bool startsFromZero)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        int rank = coefficients.Length / Rows;
        int stride = StrideOf(panelCount * Panel);
        ArgumentOutOfRangeException.ThrowIfLessThan(panels.Length, panelCount * rank * (int)PanelRow);
        ArgumentOutOfRangeException.ThrowIfLessThan(sums.Length, Rows * stride);
        if (panelCount == 0)
            return;
        ref byte c = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(coefficients));
        ref byte r = ref MemoryMarshal.GetReference(panels);
        ref byte y = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(sums));
        nuint panelBytes = (nuint)rank * PanelRow;
        nuint strideBytes = (nuint)stride * sizeof(float);

        // Two vectors at a time: sums that do not wait for each other keep the multipliers busy. The widest vectors take one of
        // each of two panels, and there are registers for all rows with them.
        bool isWhole = TWidth.Lanes == Panel;
        nuint vector = (nuint)TWidth.Lanes * sizeof(float);
        for (int panel = 0; panel < panelCount; panel += isWhole ? 2 : 1)
        {
            ref byte from = ref Unsafe.AddByteOffset(ref r, (nuint)panel * panelBytes);
            ref byte to = ref Unsafe.AddByteOffset(ref y, (nuint)panel * PanelRow);
            nuint second = !isWhole ? vector : panel + 1 < panelCount ? panelBytes : 0;
            if (isWhole && rows > Rows / 2)
            {
                EightRows<TWidth, TVector>(ref c, ref from, second, rank, ref to, strideBytes, startsFromZero);
                continue;
            }

            for (int row = 0; row < rows; row += Rows / 2)
            {
                for (nuint column = 0; column < PanelRow; column += 2 * vector)
                {
                    FourRows<TWidth, TVector>(
                        ref Unsafe.AddByteOffset(ref c, (nuint)row * sizeof(float)),
                        ref Unsafe.AddByteOffset(ref from, column), second, rank,
                        ref Unsafe.AddByteOffset(ref to, ((nuint)row * strideBytes) + column), strideBytes, startsFromZero);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void EightRows<TWidth, TVector>(
        ref byte c, ref byte r, nuint second, int rank, ref byte y, nuint stride, bool startsFromZero)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        TVector zero = TWidth.Broadcast(0);
        TVector a0 = zero, a1 = zero, b0 = zero, b1 = zero, c0 = zero, c1 = zero, d0 = zero, d1 = zero;
        TVector e0 = zero, e1 = zero, f0 = zero, f1 = zero, g0 = zero, g1 = zero, h0 = zero, h1 = zero;
        for (int k = 0; k < rank; k++)
        {
            TVector r0 = TWidth.Load(ref r);
            TVector r1 = TWidth.Load(ref Unsafe.AddByteOffset(ref r, second));
            r = ref Unsafe.AddByteOffset(ref r, PanelRow);
            TVector x = Broadcast<TWidth, TVector>(ref c, 0);
            a0 = TWidth.MultiplyAddSingle(x, r0, a0);
            a1 = TWidth.MultiplyAddSingle(x, r1, a1);
            x = Broadcast<TWidth, TVector>(ref c, 1);
            b0 = TWidth.MultiplyAddSingle(x, r0, b0);
            b1 = TWidth.MultiplyAddSingle(x, r1, b1);
            x = Broadcast<TWidth, TVector>(ref c, 2);
            c0 = TWidth.MultiplyAddSingle(x, r0, c0);
            c1 = TWidth.MultiplyAddSingle(x, r1, c1);
            x = Broadcast<TWidth, TVector>(ref c, 3);
            d0 = TWidth.MultiplyAddSingle(x, r0, d0);
            d1 = TWidth.MultiplyAddSingle(x, r1, d1);
            x = Broadcast<TWidth, TVector>(ref c, 4);
            e0 = TWidth.MultiplyAddSingle(x, r0, e0);
            e1 = TWidth.MultiplyAddSingle(x, r1, e1);
            x = Broadcast<TWidth, TVector>(ref c, 5);
            f0 = TWidth.MultiplyAddSingle(x, r0, f0);
            f1 = TWidth.MultiplyAddSingle(x, r1, f1);
            x = Broadcast<TWidth, TVector>(ref c, 6);
            g0 = TWidth.MultiplyAddSingle(x, r0, g0);
            g1 = TWidth.MultiplyAddSingle(x, r1, g1);
            x = Broadcast<TWidth, TVector>(ref c, 7);
            h0 = TWidth.MultiplyAddSingle(x, r0, h0);
            h1 = TWidth.MultiplyAddSingle(x, r1, h1);
            c = ref Unsafe.AddByteOffset(ref c, Rows * sizeof(float));
        }

        Finish<TWidth, TVector>(a0, a1, ref y, startsFromZero);
        y = ref Unsafe.AddByteOffset(ref y, stride);
        Finish<TWidth, TVector>(b0, b1, ref y, startsFromZero);
        y = ref Unsafe.AddByteOffset(ref y, stride);
        Finish<TWidth, TVector>(c0, c1, ref y, startsFromZero);
        y = ref Unsafe.AddByteOffset(ref y, stride);
        Finish<TWidth, TVector>(d0, d1, ref y, startsFromZero);
        y = ref Unsafe.AddByteOffset(ref y, stride);
        Finish<TWidth, TVector>(e0, e1, ref y, startsFromZero);
        y = ref Unsafe.AddByteOffset(ref y, stride);
        Finish<TWidth, TVector>(f0, f1, ref y, startsFromZero);
        y = ref Unsafe.AddByteOffset(ref y, stride);
        Finish<TWidth, TVector>(g0, g1, ref y, startsFromZero);
        y = ref Unsafe.AddByteOffset(ref y, stride);
        Finish<TWidth, TVector>(h0, h1, ref y, startsFromZero);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourRows<TWidth, TVector>(
        ref byte c, ref byte r, nuint second, int rank, ref byte y, nuint stride, bool startsFromZero)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        TVector zero = TWidth.Broadcast(0);
        TVector a0 = zero, a1 = zero, b0 = zero, b1 = zero, c0 = zero, c1 = zero, d0 = zero, d1 = zero;
        for (int k = 0; k < rank; k++)
        {
            TVector r0 = TWidth.Load(ref r);
            TVector r1 = TWidth.Load(ref Unsafe.AddByteOffset(ref r, second));
            r = ref Unsafe.AddByteOffset(ref r, PanelRow);
            TVector x = Broadcast<TWidth, TVector>(ref c, 0);
            a0 = TWidth.MultiplyAddSingle(x, r0, a0);
            a1 = TWidth.MultiplyAddSingle(x, r1, a1);
            x = Broadcast<TWidth, TVector>(ref c, 1);
            b0 = TWidth.MultiplyAddSingle(x, r0, b0);
            b1 = TWidth.MultiplyAddSingle(x, r1, b1);
            x = Broadcast<TWidth, TVector>(ref c, 2);
            c0 = TWidth.MultiplyAddSingle(x, r0, c0);
            c1 = TWidth.MultiplyAddSingle(x, r1, c1);
            x = Broadcast<TWidth, TVector>(ref c, 3);
            d0 = TWidth.MultiplyAddSingle(x, r0, d0);
            d1 = TWidth.MultiplyAddSingle(x, r1, d1);
            c = ref Unsafe.AddByteOffset(ref c, Rows * sizeof(float));
        }

        Finish<TWidth, TVector>(a0, a1, ref y, startsFromZero);
        y = ref Unsafe.AddByteOffset(ref y, stride);
        Finish<TWidth, TVector>(b0, b1, ref y, startsFromZero);
        y = ref Unsafe.AddByteOffset(ref y, stride);
        Finish<TWidth, TVector>(c0, c1, ref y, startsFromZero);
        y = ref Unsafe.AddByteOffset(ref y, stride);
        Finish<TWidth, TVector>(d0, d1, ref y, startsFromZero);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Broadcast<TWidth, TVector>(ref byte numbers, nuint row)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct =>
        TWidth.BroadcastSingle(Unsafe.ReadUnaligned<float>(ref Unsafe.AddByteOffset(ref numbers, row * sizeof(float))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<TWidth, TVector>(TVector first, TVector second, ref byte y, bool startsFromZero)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        Finish<TWidth, TVector>(first, ref y, startsFromZero);
        Finish<TWidth, TVector>(
            second, ref Unsafe.AddByteOffset(ref y, (nuint)TWidth.Lanes * sizeof(float)), startsFromZero);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<TWidth, TVector>(TVector sum, ref byte y, bool startsFromZero)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct =>
        TWidth.Store(startsFromZero ? sum : TWidth.AddSingle(TWidth.Load(ref y), sum), ref y);
}
