using System.Runtime.Intrinsics;
using DemEngine.Backends.Cpu.Products;
using DemEngine.Numerics.LowRank;
using DemEngine.Numerics.Simd;

namespace DemEngine.Tests.Backends.Cpu;

/// <summary>Sums of low-rank changes in binary32 are within their bounds, which are not far above what sums are off by.</summary>
public sealed class StripEstimateTests
{
    private const int Rows = (2 * LowRankEstimate.Rows) + 3;
    private const int Columns = 80;

    [Test]
    public void Estimates_are_within_their_bounds(
        [Values] VectorWidth width, [Values(1, 2, 16, 300)] int rank, [Values(1, 4)] int changes, [Values] bool haveOneSign)
    {
        var random = new Random(rank + changes);
        ChangedTerm[] terms =
        [
            .. Enumerable.Range(0, changes).Select(
                k => new ChangedTerm(0.3f + k, new RandomMatrix(random, rank, haveOneSign ? 0 : 0.5f), 0, Rows)),
        ];
        switch (width)
        {
            case VectorWidth.Bits512:
                Check<Width512, Vector512<uint>>(terms);
                break;
            case VectorWidth.Bits256:
                Check<Width256, Vector256<uint>>(terms);
                break;
            default:
                Check<Width128, Vector128<uint>>(terms);
                break;
        }
    }

    private static void Check<TWidth, TVector>(ChangedTerm[] terms)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct
    {
        var estimate = new StripEstimate<TWidth, TVector>();
        estimate.BeginRows(terms, 0, Rows);
        estimate.BeginColumns(terms, 0, Columns);
        double largest = 0;
        for (int first = 0, strip = 0; first < Rows; first += LowRankEstimate.Rows, strip++)
        {
            int rows = Math.Min(LowRankEstimate.Rows, Rows - first);
            estimate.BeginStrip(strip, rows);
            estimate.Compute(terms, new Strip(first, rows, 0, Columns, 0, Columns));
            for (int row = 0; row < rows; row++)
            {
                for (int column = 0; column < Columns; column++)
                {
                    double exact = terms.Sum(term => (double)term.Weight * term.Element(0, first + row, column));
                    double error = Math.Abs(estimate.SumsOf(row)[column] - exact);
                    double bound = (double)estimate.RowBounds[row] * estimate.ColumnBounds[column];
                    Assert.That(error, Is.LessThanOrEqualTo(bound), $"{first + row}, {column}");
                    largest = Math.Max(largest, error / bound);
                }
            }
        }

        // Roundings of one sign are rare, so that the errors of long sums are far from the largest that are possible.
        Assert.That(largest, Is.GreaterThan(0.3 / (10 + terms[0].Change.Rank)));
    }

    private sealed class RandomMatrix : ILowRankMatrix
    {
        private readonly double[] _left;

        public RandomMatrix(Random random, int rank, float mean)
        {
            Rank = rank;
            _left = [.. Enumerable.Range(0, Rows * rank).Select(_ => (double)(random.NextSingle() - mean))];
            Right = new PackedFactor(rank, Columns);
            for (int k = 0; k < rank; k++)
            {
                for (int column = 0; column < Columns; column++)
                    Right[k, column] = random.NextSingle() - mean;
            }
        }

        public int Columns => StripEstimateTests.Columns;

        public int Rank { get; }

        public double Scale => 0.7;

        private PackedFactor Right { get; }

        public FactorUse UseRight() => new(Right);

        public void ReadLeft(int firstRow, int rows, Span<double> left) =>
            _left.AsSpan(firstRow * Rank, rows * Rank).CopyTo(left);
    }
}
