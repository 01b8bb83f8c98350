using System.Buffers;
using System.Numerics;
using DemEngine.Numerics.LowRank;

namespace DemEngine.Backends.Cpu.Products;

/// <summary>A term whose input a low-rank matrix changes, with the rows of the left factor that a tile needs.</summary>
internal sealed class ChangedTerm : IDisposable
{
    private readonly double[] _left;
    private readonly FactorUse _right;
    private readonly int _rank;
    private readonly double _scale;
    private readonly int _firstRow;

    /// <param name="weight">Coefficient of the term.</param>
    /// <param name="change">The matrix.</param>
    /// <param name="firstRow">Index of the tile's first row.</param>
    /// <param name="rows">Number of rows that the tile has elements of.</param>
    public ChangedTerm(float weight, ILowRankMatrix change, int firstRow, int rows)
    {
        Weight = weight;
        Change = change;
        _rank = change.Rank;
        _scale = change.Scale;
        _firstRow = firstRow;
        int numbers = checked(rows * change.Rank);
        _left = ArrayPool<double>.Shared.Rent(numbers);
        change.ReadLeft(firstRow, rows, _left.AsSpan(0, numbers));
        _right = change.UseRight();
        LeftNorm = Math.Sqrt(SumOfSquares(_left.AsSpan(0, numbers)) / rows);
    }

    public void Dispose()
    {
        ArrayPool<double>.Shared.Return(_left);
        _right.Dispose();
    }

    /// <summary>Coefficient of the term.</summary>
    public float Weight { get; }

    /// <summary>The matrix.</summary>
    public ILowRankMatrix Change { get; }

    /// <summary>Its right factor.</summary>
    public PackedFactor Right => _right.Factor;

    /// <summary>The norm of the left factor's rows that the tile needs, as the root of the mean square, about.</summary>
    public double LeftNorm { get; }

    /// <summary>Some rows of the left factor, row-major.</summary>
    /// <param name="row">Index of the first row.</param>
    /// <param name="rows">Number of rows.</param>
    public ReadOnlySpan<double> Left(int row, int rows) =>
        _left.AsSpan((row - _firstRow) * _rank, rows * _rank);

    /// <summary>Computes one element x = float32(w + m) as <see cref="LowRankProduct"/> defines it.</summary>
    /// <param name="stored">The element w; zero where the change stands alone.</param>
    /// <param name="row">Row of the element.</param>
    /// <param name="column">Column of the element.</param>
    public float Element(double stored, int row, int column)
    {
        ReadOnlySpan<double> left = Left(row, 1);
        ReadOnlySpan<float> right = Right.ColumnFrom(column);
        double sum = 0;
        for (int k = 0, at = 0; k < left.Length; k++, at += PackedFactor.PanelColumns)
            sum += left[k] * right[at];
        return (float)((sum * _scale) + (float)stored);
    }

    private static double SumOfSquares(ReadOnlySpan<double> numbers)
    {
        Vector<double> sums = default;
        double rest = 0;
        while (numbers.Length >= Vector<double>.Count)
        {
            var some = new Vector<double>(numbers);
            sums += some * some;
            numbers = numbers[Vector<double>.Count..];
        }

        foreach (double number in numbers)
            rest += number * number;
        return Vector.Sum(sums) + rest;
    }
}
