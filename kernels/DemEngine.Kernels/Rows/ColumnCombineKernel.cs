using DemEngine.Kernels.Elements;
using ILGPU;

namespace DemEngine.Kernels.Rows;

/// <summary>Parameters of a launch of <see cref="ColumnCombineKernel"/>.</summary>
internal struct ColumnCombineShape
{
    public int Elements;

    /// <summary>Distance between the starts of consecutive inputs, in elements.</summary>
    public int Stride;

    public int Terms;

    /// <summary>1 if the first input is the base, else 0.</summary>
    public int UsesBase;

    /// <summary>1 if the sum starts as the base, else 0.</summary>
    public int StartsFromBase;

    /// <summary>Bit k is set if term k is relative to the base.</summary>
    public uint AreRelative;

    public int Columns;

    /// <summary>Column of the first element.</summary>
    public int FirstColumn;

    /// <summary>Always 0, which the compiler must not know. See <see cref="Eight.Rounded"/>.</summary>
    public ulong Zero;
}

/// <summary>Computes a linear combination whose weights differ from column to column, in binary64 to binary64.</summary>
/// <remarks>
/// Arithmetic: that of <see cref="CombineKernel"/>. Each product is rounded before it is added, as inputs may be binary64.
/// Weights lie term after term. A thread takes elements a grid apart.
/// </remarks>
internal static class ColumnCombineKernel
{
    public static void Run(
        ArrayView<double> inputs, ArrayView<float> weights, ArrayView<double> result, ColumnCombineShape shape)
    {
        int step = Grid.DimX * Group.DimX;
        for (int at = (Grid.IdxX * Group.DimX) + Group.IdxX; at < shape.Elements; at += step)
        {
            int column = (int)((uint)(shape.FirstColumn + at) % (uint)shape.Columns);
            double b = 0;
            if (shape.UsesBase != 0)
                b = inputs[(long)at];
            double acc = 0;
            if (shape.StartsFromBase != 0)
                acc = b;
            long from = ((long)shape.UsesBase * shape.Stride) + at;
            long ofTerm = column;
            for (int k = 0; k < shape.Terms; k++)
            {
                double weight = weights[ofTerm];
                acc += Eight.Rounded(weight * inputs[from], shape.Zero);
                if (((shape.AreRelative >> k) & 1) != 0)
                    acc -= Eight.Rounded(weight * b, shape.Zero);
                from += shape.Stride;
                ofTerm += shape.Columns;
            }

            result[(long)at] = acc;
        }
    }
}
