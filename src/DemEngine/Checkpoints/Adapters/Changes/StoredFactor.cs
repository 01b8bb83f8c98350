using System.Buffers;
using DemEngine.Checkpoints.Quantized;
using DemEngine.Numerics.Elements;

namespace DemEngine.Checkpoints.Adapters.Changes;

/// <summary>
/// A factor that is stored as it is, or transposed. A convolution's factor of more than two dimensions counts as the matrix of
/// its first dimension by all others.
/// </summary>
internal sealed class StoredFactor : IFactor
{
    private const int StripNumbers = 65_536;

    private readonly StoredTensor _tensor;
    private readonly bool _isTransposed;
    private readonly int _storedColumns;

    /// <param name="tensor">The stored tensor, of a floating-point type.</param>
    /// <param name="isTransposed">Whether the stored matrix is the factor's transpose.</param>
    /// <exception cref="DemException">DEM2048 (BadAdapter): the tensor is no matrix of floating-point numbers.</exception>
    public StoredFactor(StoredTensor tensor, bool isTransposed = false)
    {
        _tensor = tensor;
        _isTransposed = isTransposed;
        (int rows, _storedColumns) = AdapterFault.MatrixOf(tensor);
        (Rows, Columns) = isTransposed ? (_storedColumns, rows) : (rows, _storedColumns);
    }

    public int Rows { get; }

    public int Columns { get; }

    public IReadOnlyList<StoredTensor> Parts => [_tensor];

    public void Read(int firstRow, int rows, int firstColumn, int columns, Span<double> block, int stride)
    {
        // One long read costs no more than a short one, and factors are read in their whole width where rows are whole.
        bool isWhole = _isTransposed ? rows == _storedColumns : columns == _storedColumns && stride == columns;
        if (isWhole && !_isTransposed)
        {
            ReadRun(firstRow, firstColumn, block[..(rows * columns)]);
            return;
        }

        if (!_isTransposed)
        {
            for (int row = 0; row < rows; row++)
                ReadRun(firstRow + row, firstColumn, block.Slice(row * stride, columns));
            return;
        }

        int together = isWhole ? Math.Clamp(StripNumbers / rows, 1, columns) : 1;
        double[] run = ArrayPool<double>.Shared.Rent(rows * together);
        try
        {
            for (int column = 0; column < columns; column += together)
            {
                int count = Math.Min(together, columns - column);
                ReadRun(firstColumn + column, firstRow, run.AsSpan(0, rows * count));
                for (int k = 0; k < count; k++)
                {
                    for (int row = 0; row < rows; row++)
                        block[(row * stride) + column + k] = run[(k * rows) + row];
                }
            }
        }
        finally
        {
            ArrayPool<double>.Shared.Return(run);
        }
    }

    private void ReadRun(int storedRow, int storedColumn, Span<double> numbers)
    {
        using PartBytes bytes = PartBytes.Read(_tensor, ((long)storedRow * _storedColumns) + storedColumn, numbers.Length);
        FloatNumbers.Read(_tensor.Spec.Type, bytes.Bytes, numbers);
    }
}
