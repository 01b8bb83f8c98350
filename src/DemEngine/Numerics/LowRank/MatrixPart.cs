namespace DemEngine.Numerics.LowRank;

/// <summary>Rows and columns that lie together in a row-major matrix of binary32 numbers.</summary>
internal readonly ref struct MatrixPart
{
    private readonly Span<float> _values;
    private readonly int _stride;

    /// <param name="values">Memory that begins with the part's first element.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Number of columns.</param>
    /// <param name="stride">Number of elements from one row to the next; at least <paramref name="columns"/>.</param>
    public MatrixPart(Span<float> values, int rows, int columns, int stride)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(columns, stride);
        if (rows > 0)
            ArgumentOutOfRangeException.ThrowIfLessThan(values.Length, ((rows - 1) * stride) + columns);
        _values = values;
        _stride = stride;
        Rows = rows;
        Columns = columns;
    }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Number of columns.</summary>
    public int Columns { get; }

    /// <summary>One row.</summary>
    /// <param name="row">Index of the row.</param>
    public Span<float> Row(int row) => _values.Slice(row * _stride, Columns);

    /// <summary>One element.</summary>
    /// <param name="row">Index of its row.</param>
    /// <param name="column">Index of its column.</param>
    public ref float At(int row, int column) => ref _values[(row * _stride) + column];

    /// <summary>Some of the rows.</summary>
    /// <param name="first">Index of the first one.</param>
    /// <param name="count">Number of rows.</param>
    public MatrixPart RowsFrom(int first, int count) => new(_values[(first * _stride)..], count, Columns, _stride);

    /// <summary>Some of the columns.</summary>
    /// <param name="first">Index of the first one.</param>
    /// <param name="count">Number of columns.</param>
    public MatrixPart Slice(int first, int count) =>
        Rows == 0 ? this : new MatrixPart(_values[first..], Rows, count, _stride);
}
