using ILGPU;

namespace DemEngine.Kernels.Rows;

/// <summary>Parameters of a launch of <see cref="ColumnGramKernel"/>.</summary>
internal struct ColumnGramShape
{
    /// <summary>Number of elements of each vector.</summary>
    public int Elements;

    /// <summary>Distance between the starts of consecutive vectors, in elements.</summary>
    public int Stride;

    public int Vectors;
    public int Columns;

    /// <summary>Number of rows in a leaf.</summary>
    public int LeafRows;

    public int Leaves;
}

/// <summary>Computes all pairwise dot products of each column of vectors in binary32, leaf by leaf.</summary>
/// <remarks>
/// Arithmetic: <c>Merging.Statistics.ColumnGramPass</c>. A thread takes columns of leaves a grid apart and adds each product in
/// the order of the rows, from 0; threads beside each other read columns beside each other. Products are exact, so that a fused
/// multiply-add gives the same bits as two operations. Sums lie leaf after leaf, in a leaf pair after pair.
/// </remarks>
internal static class ColumnGramKernel
{
    public static void Run(ArrayView<float> vectors, ArrayView<double> sums, ColumnGramShape shape)
    {
        int count = shape.Leaves * shape.Columns;
        int step = Grid.DimX * Group.DimX;
        int pairs = shape.Vectors * (shape.Vectors + 1) / 2;
        for (int at = (Grid.IdxX * Group.DimX) + Group.IdxX; at < count; at += step)
        {
            int leaf = at / shape.Columns;
            int column = at - (leaf * shape.Columns);
            int from = (leaf * shape.LeafRows * shape.Columns) + column;
            int left = shape.Elements - from;
            int to = from + Math.Min(left, shape.LeafRows * shape.Columns);
            long result = ((long)leaf * pairs * shape.Columns) + column;
            for (int i = 0; i < shape.Vectors; i++)
            {
                for (int j = i; j < shape.Vectors; j++)
                {
                    double sum = 0;
                    for (int element = from; element < to; element += shape.Columns)
                    {
                        double x = vectors[((long)i * shape.Stride) + element];
                        double y = vectors[((long)j * shape.Stride) + element];
                        sum += x * y;
                    }

                    sums[result] = sum;
                    result += shape.Columns;
                }
            }
        }
    }
}
