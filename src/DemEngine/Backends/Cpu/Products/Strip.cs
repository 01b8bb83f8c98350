namespace DemEngine.Backends.Cpu.Products;

/// <summary>
/// A part of a tile: up to <see cref="Numerics.LowRank.LowRankEstimate.Rows"/> rows by some columns of a matrix.
/// </summary>
/// <param name="Row">Index in the matrix of the first row.</param>
/// <param name="Rows">Number of rows.</param>
/// <param name="Column">Index in the matrix of the first column.</param>
/// <param name="Columns">Number of columns.</param>
/// <param name="First">Index in the tile of the first element.</param>
/// <param name="RowElements">Number of elements in the tile from one row to the next.</param>
internal readonly record struct Strip(int Row, int Rows, int Column, int Columns, int First, int RowElements);
