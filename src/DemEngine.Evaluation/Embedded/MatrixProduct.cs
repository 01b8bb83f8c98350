using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using DemEngine.Numerics.Simd;

namespace DemEngine.Evaluation.Embedded;

/// <summary>
/// The product Y = X·Wᵀ in binary32 for many rows at once. Every element of Y is summed over the inputs in their order, so the
/// result depends neither on the number of rows, nor on their grouping, nor on the vector width.
/// </summary>
internal static class MatrixProduct
{
    /// <summary>
    /// Number of rows that are computed together. With two vectors of outputs each, they give as many sums as hide the latency of
    /// an addition.
    /// </summary>
    public const int RowBlock = 6;

    /// <summary>Number of outputs that are computed together: two vectors of binary32.</summary>
    public static int PanelColumns(VectorWidth width) => 2 * ((int)width / (8 * sizeof(float)));

    /// <summary>Multiplies rows of inputs by the transposed weights.</summary>
    /// <param name="x">Matrix with one row of inputs for each position.</param>
    /// <param name="first">
    /// Index of the first row of <paramref name="x"/> to use; its outputs go into the first row of <paramref name="y"/>.
    /// </param>
    /// <param name="rows">
    /// Number of rows to compute. The rest of the last block of <see cref="RowBlock"/> rows is computed with them.
    /// </param>
    /// <param name="weights">Weights, packed for <paramref name="width"/>.</param>
    /// <param name="y">Destination with one row of outputs for each row of inputs.</param>
    /// <param name="add">Whether the product is added to <paramref name="y"/> rather than replacing it.</param>
    /// <param name="width">Width of the vectors to compute with.</param>
    public static void Run(RowMatrix x, int first, int rows, PackedMatrix weights, RowMatrix y, bool add, VectorWidth width)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Columns, weights.Inputs, nameof(x));
        ArgumentOutOfRangeException.ThrowIfNotEqual(y.Columns, weights.Outputs, nameof(y));
        int computed = Blocks.RoundUp(rows, RowBlock);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(computed, Math.Min(x.Capacity - first, y.Capacity), nameof(rows));
        switch (width)
        {
            case VectorWidth.Bits512:
                Run<Width512, Vector512<uint>>(x, first, rows, weights, y, add);
                break;
            case VectorWidth.Bits256:
                Run<Width256, Vector256<uint>>(x, first, rows, weights, y, add);
                break;
            default:
                Run<Width128, Vector128<uint>>(x, first, rows, weights, y, add);
                break;
        }
    }

    // A panel of weights stays in the first-level cache while all rows are multiplied by it.
    private static void Run<TWidth, TVector>(RowMatrix x, int first, int rows, PackedMatrix weights, RowMatrix y, bool add)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        for (int panel = 0; panel < weights.Panels; panel++)
        {
            ref float packed = ref weights.Panel(panel);
            ref float output = ref Unsafe.Add(ref y.Origin, panel * 2 * TWidth.Lanes);
            for (int row = 0; row < rows; row += RowBlock)
            {
                Block<TWidth, TVector>(
                    ref Unsafe.Add(ref x.Origin, (first + row) * x.Stride), x.Stride, ref packed, weights.Inputs,
                    ref Unsafe.Add(ref output, row * y.Stride), y.Stride, add);
            }
        }
    }

    /// <summary>Computes six rows by two vectors, with all sums in registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block<TWidth, TVector>(
        ref float x, int xStride, ref float weights, int inputs, ref float y, int yStride, bool add)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        ref float x1 = ref Unsafe.Add(ref x, xStride);
        ref float x2 = ref Unsafe.Add(ref x1, xStride);
        ref float x3 = ref Unsafe.Add(ref x2, xStride);
        ref float x4 = ref Unsafe.Add(ref x3, xStride);
        ref float x5 = ref Unsafe.Add(ref x4, xStride);
        TVector a0 = default, b0 = default, a1 = default, b1 = default, a2 = default, b2 = default;
        TVector a3 = default, b3 = default, a4 = default, b4 = default, a5 = default, b5 = default;
        for (nint i = 0; i < inputs; i++)
        {
            TVector a = Load<TWidth, TVector>(ref weights);
            TVector b = Load<TWidth, TVector>(ref Unsafe.Add(ref weights, TWidth.Lanes));
            weights = ref Unsafe.Add(ref weights, 2 * TWidth.Lanes);

            TVector value = Broadcast<TWidth, TVector>(ref Unsafe.Add(ref x, i));
            a0 = TWidth.MultiplyAddSingle(value, a, a0);
            b0 = TWidth.MultiplyAddSingle(value, b, b0);
            value = Broadcast<TWidth, TVector>(ref Unsafe.Add(ref x1, i));
            a1 = TWidth.MultiplyAddSingle(value, a, a1);
            b1 = TWidth.MultiplyAddSingle(value, b, b1);
            value = Broadcast<TWidth, TVector>(ref Unsafe.Add(ref x2, i));
            a2 = TWidth.MultiplyAddSingle(value, a, a2);
            b2 = TWidth.MultiplyAddSingle(value, b, b2);
            value = Broadcast<TWidth, TVector>(ref Unsafe.Add(ref x3, i));
            a3 = TWidth.MultiplyAddSingle(value, a, a3);
            b3 = TWidth.MultiplyAddSingle(value, b, b3);
            value = Broadcast<TWidth, TVector>(ref Unsafe.Add(ref x4, i));
            a4 = TWidth.MultiplyAddSingle(value, a, a4);
            b4 = TWidth.MultiplyAddSingle(value, b, b4);
            value = Broadcast<TWidth, TVector>(ref Unsafe.Add(ref x5, i));
            a5 = TWidth.MultiplyAddSingle(value, a, a5);
            b5 = TWidth.MultiplyAddSingle(value, b, b5);
        }

        Store<TWidth, TVector>(a0, b0, ref y, add);
        Store<TWidth, TVector>(a1, b1, ref Unsafe.Add(ref y, yStride), add);
        Store<TWidth, TVector>(a2, b2, ref Unsafe.Add(ref y, 2 * yStride), add);
        Store<TWidth, TVector>(a3, b3, ref Unsafe.Add(ref y, 3 * yStride), add);
        Store<TWidth, TVector>(a4, b4, ref Unsafe.Add(ref y, 4 * yStride), add);
        Store<TWidth, TVector>(a5, b5, ref Unsafe.Add(ref y, 5 * yStride), add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TWidth, TVector>(TVector a, TVector b, ref float y, bool add)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        ref float second = ref Unsafe.Add(ref y, TWidth.Lanes);
        if (add)
        {
            a = TWidth.AddSingle(Load<TWidth, TVector>(ref y), a);
            b = TWidth.AddSingle(Load<TWidth, TVector>(ref second), b);
        }

        TWidth.Store(a, ref Unsafe.As<float, byte>(ref y));
        TWidth.Store(b, ref Unsafe.As<float, byte>(ref second));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Load<TWidth, TVector>(ref float source)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct => TWidth.Load(ref Unsafe.As<float, byte>(ref source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Broadcast<TWidth, TVector>(ref float source)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct => TWidth.Broadcast(Unsafe.As<float, uint>(ref source));
}
