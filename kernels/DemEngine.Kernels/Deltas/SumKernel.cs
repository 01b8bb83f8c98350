using DemEngine.Numerics;
using ILGPU;

namespace DemEngine.Kernels.Deltas;

/// <summary>Parameters of a launch of <see cref="SumKernel"/>.</summary>
internal struct SumShape
{
    public const int Magnitudes = 0;
    public const int Squares = 1;

    public long Elements;

    /// <summary>Kind of sum: <see cref="Magnitudes"/> or <see cref="Squares"/>.</summary>
    public int Kind;

    /// <summary>Count of numbers per leaf.</summary>
    public int Numbers;

    /// <summary>Index of this number among those of a leaf.</summary>
    public int Number;
}

/// <summary>Computes Σ|v| or Σ v² of a source's differences, leaf by leaf.</summary>
/// <remarks>
/// Arithmetic, in the order of <see cref="GramOrder"/>: lane j mod 256 adds |v| or the exact double v² in order of j, then lanes
/// are added by halves. A thread group takes a leaf; its size is free.
/// </remarks>
internal static class SumKernel
{
    private const int Lanes = GramOrder.Lanes;

    public static void Run(ArrayView<float> deltas, ArrayView<double> sums, SumShape shape)
    {
        var partial = SharedMemory.Allocate<double>(Lanes);
        long leaves = (shape.Elements + GramOrder.LeafElements - 1) / GramOrder.LeafElements;
        for (long leaf = Grid.IdxX; leaf < leaves; leaf += Grid.DimX)
        {
            long first = leaf * GramOrder.LeafElements;
            for (int lane = Group.IdxX; lane < Lanes; lane += Group.DimX)
            {
                double sum = 0;
                for (int j = lane; j < GramOrder.LeafElements && first + j < shape.Elements; j += Lanes)
                {
                    double value = deltas[first + j];
                    if (shape.Kind == SumShape.Squares)
                        sum += value * value;
                    else
                        sum += Math.Abs(value);
                }

                partial[lane] = sum;
            }

            Group.Barrier();
            for (int half = Lanes / 2; half > 0; half /= 2)
            {
                for (int lane = Group.IdxX; lane < half; lane += Group.DimX)
                    partial[lane] += partial[lane + half];
                Group.Barrier();
            }

            if (Group.IdxX == 0)
                sums[(leaf * shape.Numbers) + shape.Number] = partial[0];
            Group.Barrier();
        }
    }
}
