namespace DemEngine.Checkpoints.Adapters.Changes;

/// <summary>A factor of an adapter's change, read block by block.</summary>
internal interface IFactor
{
    /// <summary>Number of rows.</summary>
    int Rows { get; }

    /// <summary>Number of columns.</summary>
    int Columns { get; }

    /// <summary>Stored tensors that the factor is read from.</summary>
    IReadOnlyList<StoredTensor> Parts { get; }

    /// <summary>Reads a block. Its numbers are binary32 values.</summary>
    /// <param name="firstRow">Index of the first row.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="firstColumn">Index of the first column.</param>
    /// <param name="columns">Number of columns.</param>
    /// <param name="block">Receives the rows, each <paramref name="stride"/> numbers after the one before.</param>
    /// <param name="stride">Distance between rows.</param>
    void Read(int firstRow, int rows, int firstColumn, int columns, Span<double> block, int stride);
}
