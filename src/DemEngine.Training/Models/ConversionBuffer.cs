using static TorchSharp.torch;

namespace DemEngine.Training.Models;

/// <summary>Memory for a few converted rows of a matrix, which one block after another is written to.</summary>
/// <param name="type">Type that rows are converted to.</param>
/// <param name="device">Device of the matrices.</param>
internal sealed class ConversionBuffer(ScalarType type, Device device) : IDisposable
{
    // At most 16 MiB of binary32, unless a row is longer.
    private const long Elements = 1 << 22;

    private Tensor? _memory;

    /// <summary>Number of rows of a matrix that are converted at once.</summary>
    public static long RowsOf(Tensor matrix) => Math.Max(1, Elements / matrix.shape[1]);

    /// <summary>Converts rows.</summary>
    /// <param name="rows">Rows [count, columns], no more than <see cref="RowsOf"/>.</param>
    /// <returns>The rows in the buffer's type, until the next conversion. The caller must not dispose it.</returns>
    public Tensor Convert(Tensor rows)
    {
        if (_memory is null || _memory.NumberOfElements < rows.NumberOfElements)
        {
            _memory?.Dispose();
            _memory = empty(Math.Max(rows.NumberOfElements, Elements), type, device).DetachFromDisposeScope();
        }

        return _memory.narrow(0, 0, rows.NumberOfElements).view(rows.shape).copy_(rows);
    }

    public void Dispose() => _memory?.Dispose();
}
