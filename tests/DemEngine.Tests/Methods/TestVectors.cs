namespace DemEngine.Tests.Methods;

/// <summary>Tensors to merge: random, and the awkward ones.</summary>
internal static class TestVectors
{
    /// <summary>Shapes about rows, leaves and tiles; the empty ones too.</summary>
    public static readonly long[][] Shapes = [[1], [7], [3, 5], [1, 9], [9, 1], [4, 3, 6], [2, 4097], [5000], [0], [0, 4], [4, 0], []];

    public static long Count(long[] shape) => shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>As many elements in a row as lie along the last dimension.</summary>
    public static int RowOf(long[] shape) => (int)(shape.Length < 2 ? Count(shape) : shape[^1]);

    public static double[] Random(Random random, long[] shape, double scale = 1) =>
        [.. Enumerable.Range(0, (int)Count(shape)).Select(_ => scale * 2 * (random.NextDouble() - random.NextDouble()))];

    public static double[] Plus(double[] b, double[] x) => [.. b.Zip(x, (bi, xi) => bi + xi)];

    public static double[] Minus(double[] x, double[] b) => [.. x.Zip(b, (xi, bi) => xi - bi)];

    public static double[] Times(double factor, double[] x) => [.. x.Select(xi => factor * xi)];

    /// <summary>Applies a function of several vectors to each of their rows.</summary>
    public static double[] ByRow(int row, double[][] vectors, Func<double[][], double[]> merge) =>
        row == 0 ? [] : [.. vectors[0].Chunk(row).SelectMany((_, r) => merge([.. vectors.Select(vector => vector[(r * row)..((r + 1) * row)])]))];

    /// <summary>Applies a function of several vectors to each of their columns, which extend along the first dimension.</summary>
    public static double[] ByColumn(long[] shape, double[][] vectors, Func<double[][], double[]> merge)
    {
        int rows = shape.Length == 0 ? 1 : (int)shape[0];
        int columns = rows == 0 || shape.Length < 2 ? 1 : vectors[0].Length / rows;
        double[] result = new double[vectors[0].Length];
        for (int column = 0; column < columns; column++)
        {
            int[] places = [.. Enumerable.Range(0, result.Length).Where(i => i % columns == column)];
            double[] merged = merge([.. vectors.Select(vector => places.Select(i => vector[i]).ToArray())]);
            foreach (var (place, value) in places.Zip(merged))
                result[place] = value;
        }

        return result;
    }

    /// <summary>Fails unless two tensors agree but for so much of their size.</summary>
    public static void AssertNear(double[] actual, double[] expected, double relative, string what = "")
    {
        double size = expected.Select(Math.Abs).DefaultIfEmpty().Max();
        Assert.That(actual, Has.Length.EqualTo(expected.Length));
        for (int i = 0; i < actual.Length; i++)
        {
            if (!(Math.Abs(actual[i] - expected[i]) <= relative * size))
                Assert.Fail($"element {i} of {actual.Length} is {actual[i]:R}, not {expected[i]:R}: {what}");
        }
    }
}
