using DemEngine.Numerics.LowRank;

namespace DemEngine.Tests.Backends;

/// <summary>Products with thin matrices.</summary>
public abstract partial class BackendSuite
{
    [Test]
    public void Thin_products_have_the_sums_in_order(
        [Values(1, 5, 16)] int rank, [Values(1, 3, 9)] int rows, [Values(1, 33, 130)] int columns, [Values] bool isTransposed)
    {
        var random = new Random(rank + rows + columns);
        float[] m = [.. Enumerable.Range(0, rows * columns).Select(_ => (float)(random.NextDouble() - 0.5))];
        var x = new ThinMatrix(isTransposed ? rows : columns, rank);
        for (int i = 0; i < x.Rows; i++)
        {
            for (int k = 0; k < rank; k++)
                x[i, k] = (float)(random.NextDouble() - 0.5);
        }

        var y = new ThinMatrix(isTransposed ? columns : rows, rank);
        using IThinProducts products = _backend.Value.CreateThinProducts();

        // A second product finds what the first one left behind.
        for (int time = 0; time < 2; time++)
        {
            products.Begin(x, y, isTransposed);
            for (int row = 0; row < rows; row += 2)
                products.Add(m.AsSpan(row * columns, Math.Min(2, rows - row) * columns), row);
            products.End();
            for (int i = 0; i < y.Rows; i++)
            {
                for (int k = 0; k < rank; k++)
                {
                    double sum = 0;
                    for (int j = 0; j < x.Rows; j++)
                        sum += m[isTransposed ? (j * columns) + i : (i * columns) + j] * x[j, k];
                    Assert.That(BitConverter.DoubleToInt64Bits(y[i, k]), Is.EqualTo(BitConverter.DoubleToInt64Bits(sum)), $"{i}, {k}");
                }
            }

            Array.Clear(y.Values);
        }
    }
}
