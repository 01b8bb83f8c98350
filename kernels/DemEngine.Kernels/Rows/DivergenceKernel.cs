using DemEngine.Numerics.Deltas;
using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels.Rows;

/// <summary>Parameters of a launch of <see cref="DivergenceKernel"/>.</summary>
internal struct DivergenceShape
{
    public int Rows;

    public int RowElements;

    /// <summary>1 if the tuned model is given as its difference from the base, else 0.</summary>
    public int IsDifference;

    /// <summary>Always 0, which the compiler must not know. See <see cref="DeviceSoftmax"/>.</summary>
    public ulong Zero;
}

/// <summary>Computes the divergence of the tuned model's softmax from the base's for each row.</summary>
/// <remarks>
/// Arithmetic: <see cref="SoftmaxDivergence"/>. A thread group takes a row. Exponentials and logarithms are computed by all
/// threads, and kept in the row's own memory; sums by eight threads, as element j belongs to lane j mod 8 and a lane adds in
/// order. The group's size is free.
/// </remarks>
internal static class DivergenceKernel
{
    private const int Lanes = 8;

    public static void Run(
        ArrayView<double> tuned, ArrayView<double> original, ArrayView<float> divergences, DivergenceShape shape)
    {
        var lanes = SharedMemory.Allocate<double>(Lanes);
        var most = SharedMemory.Allocate<double>(MaxThreads);
        for (int row = Grid.IdxX; row < shape.Rows; row += Grid.DimX)
        {
            ArrayView<double> x = tuned.SubView((long)row * shape.RowElements, shape.RowElements);
            ArrayView<double> b = original.SubView((long)row * shape.RowElements, shape.RowElements);
            if (shape.IsDifference != 0)
            {
                for (int j = Group.IdxX; j < shape.RowElements; j += Group.DimX)
                    x[(long)j] = b[(long)j] + x[(long)j];
            }

            // What a thread reads here, and until the sums, it wrote itself.
            Softmax(x, lanes, most, shape);
            Softmax(b, lanes, most, shape);
            for (int j = Group.IdxX; j < shape.RowElements; j += Group.DimX)
                x[(long)j] *= DeviceSoftmax.Logarithm(x[(long)j] / b[(long)j], shape.Zero);
            double divergence = Sum(x, lanes, shape.RowElements);
            if (Group.IdxX == 0)
                divergences[(long)row] = Utilities.Select(divergence < 0, 0f, (float)divergence);
        }
    }

    /// <summary>Number of threads in a group, at most.</summary>
    public const int MaxThreads = 256;

    private static void Softmax(ArrayView<double> row, ArrayView<double> lanes, ArrayView<double> most, DivergenceShape shape)
    {
        double largest = Largest(row, most, shape.RowElements);
        for (int j = Group.IdxX; j < shape.RowElements; j += Group.DimX)
            row[(long)j] = DeviceSoftmax.Exponential(row[(long)j] - largest, shape.Zero);
        double total = Sum(row, lanes, shape.RowElements);
        for (int j = Group.IdxX; j < shape.RowElements; j += Group.DimX)
            row[(long)j] = (row[(long)j] / total) + DeviceSoftmax.Floor;
    }

    /// <summary>The largest number of a row; a NaN if there is one.</summary>
    private static double Largest(ArrayView<double> row, ArrayView<double> most, int count)
    {
        double own = double.NegativeInfinity;
        for (int j = Group.IdxX; j < count; j += Group.DimX)
            own = Larger(own, row[(long)j]);
        Group.Barrier();
        most[(long)Group.IdxX] = own;
        Group.Barrier();
        double largest = double.NegativeInfinity;
        for (int thread = 0; thread < Group.DimX; thread++)
            largest = Larger(largest, most[(long)thread]);
        return largest;
    }

    private static double Larger(double x, double y) =>
        Utilities.Select((x > y) | double.IsNaN(x), x, y);

    /// <summary>The sum of a row, which all threads get.</summary>
    private static double Sum(ArrayView<double> row, ArrayView<double> lanes, int count)
    {
        Group.Barrier();
        for (int lane = Group.IdxX; lane < Lanes; lane += Group.DimX)
        {
            double sum = 0;
            for (int j = lane; j < count; j += Lanes)
                sum += row[(long)j];
            lanes[(long)lane] = sum;
        }

        Group.Barrier();
        double s0 = lanes[0L] + lanes[4L];
        double s1 = lanes[1L] + lanes[5L];
        double s2 = lanes[2L] + lanes[6L];
        double s3 = lanes[3L] + lanes[7L];
        return (s0 + s2) + (s1 + s3);
    }
}
