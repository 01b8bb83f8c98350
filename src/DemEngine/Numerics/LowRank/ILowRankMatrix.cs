namespace DemEngine.Numerics.LowRank;

/// <summary>
/// A matrix that is the product of two thin ones times a number, M = s·L·R, with L and R of binary32 numbers. Its elements are
/// defined by <see cref="LowRankProduct"/>.
/// </summary>
internal interface ILowRankMatrix
{
    /// <summary>Number of columns of M and R.</summary>
    int Columns { get; }

    /// <summary>Number of columns of L and of rows of R.</summary>
    int Rank { get; }

    /// <summary>The factor s.</summary>
    double Scale { get; }

    /// <summary>Begins to use R, laid out for products with it.</summary>
    /// <exception cref="DemException">DEM4003 (ReadFailed), DEM4005 (InputChanged).</exception>
    FactorUse UseRight();

    /// <summary>Reads rows of L.</summary>
    /// <param name="firstRow">Index of the first row.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="left">Receives them, row-major.</param>
    /// <exception cref="DemException">DEM4003 (ReadFailed), DEM4005 (InputChanged).</exception>
    void ReadLeft(int firstRow, int rows, Span<double> left);
}
