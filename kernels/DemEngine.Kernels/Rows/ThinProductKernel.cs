using ILGPU;

namespace DemEngine.Kernels.Rows;

/// <summary>Parameters of a launch of <see cref="ThinProductKernel"/>.</summary>
internal struct ThinShape
{
    /// <summary>Number of rows of Y that the launch adds to.</summary>
    public int Rows;

    /// <summary>Number of products that are added to each.</summary>
    public int Products;

    /// <summary>Distance in M from one row of Y to the next.</summary>
    public int Outer;

    /// <summary>Distance in M from one product to the next.</summary>
    public int Inner;

    /// <summary>Numbers in a row of X and of Y.</summary>
    public int Stride;
}

/// <summary>Adds products of some rows of a large matrix, or of their transposes, with a thin matrix: Y ← Y + M·X.</summary>
/// <remarks>
/// Arithmetic: <see cref="DemEngine.Numerics.LowRank.ThinProducts"/>. A thread takes elements of Y a grid apart; threads beside
/// each other take columns beside each other, so that they read the same element of M and neighbours of X. The products are
/// exact, so that a fused multiply-add gives the same bits as two operations.
/// </remarks>
internal static class ThinProductKernel
{
    public static void Run(ArrayView<float> m, ArrayView<double> x, ArrayView<double> y, ThinShape shape)
    {
        int count = shape.Rows * shape.Stride;
        int step = Grid.DimX * Group.DimX;
        for (int at = (Grid.IdxX * Group.DimX) + Group.IdxX; at < count; at += step)
        {
            int row = at / shape.Stride;
            int column = at - (row * shape.Stride);
            long from = (long)row * shape.Outer;
            long next = column;
            double sum = y[(long)at];
            for (int k = 0; k < shape.Products; k++)
            {
                sum += (double)m[from] * x[next];
                from += shape.Inner;
                next += shape.Stride;
            }

            y[(long)at] = sum;
        }
    }
}
