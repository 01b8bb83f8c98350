using System.Buffers;

namespace DemEngine.Checkpoints.Adapters.Changes;

/// <summary>
/// The right factor of a convolution's change in Tucker form, as LyCORIS and kohya-ss store it (<c>lora_mid</c>, <c>t1</c>,
/// <c>t2</c>): R[p, (i, t)] = Σ_q core[p, q, t]·down[q, i], with t for the places of the convolution's window. It is computed in
/// double, in the order of q, and rounded to binary32.
/// </summary>
internal sealed class TuckerFactor : IFactor
{
    private readonly StoredFactor _core;
    private readonly StoredFactor _down;
    private readonly int _inner;
    private readonly int _window;

    /// <param name="core">The core, [p, q, height, width] or with one dimension of a window.</param>
    /// <param name="down">The factor of the inputs, [q, i].</param>
    /// <exception cref="DemException">DEM2048 (BadAdapter): they do not fit each other.</exception>
    public TuckerFactor(StoredTensor core, StoredTensor down)
    {
        _core = new StoredFactor(core);
        _down = new StoredFactor(down);
        if (core.Spec.Shape.Dimensions.Length < 3 || core.Spec.Shape.Dimensions[1] != _down.Rows)
            throw AdapterFault.Wrong(core, $"it does not fit {down.Spec.Name}, which is {down.Spec.Shape}");
        _inner = _down.Rows;
        _window = _core.Columns / _inner;
        Rows = _core.Rows;
        Columns = checked(_down.Columns * _window);
        Parts = [core, down];
    }

    public int Rows { get; }

    public int Columns { get; }

    public IReadOnlyList<StoredTensor> Parts { get; }

    public void Read(int firstRow, int rows, int firstColumn, int columns, Span<double> block, int stride)
    {
        int firstInput = firstColumn / _window;
        int inputs = ((firstColumn + columns - 1) / _window) - firstInput + 1;
        double[] core = ArrayPool<double>.Shared.Rent(_core.Columns);
        double[] down = ArrayPool<double>.Shared.Rent(checked(_inner * inputs));
        try
        {
            _down.Read(0, _inner, firstInput, inputs, down, inputs);
            for (int row = 0; row < rows; row++)
            {
                _core.Read(firstRow + row, 1, 0, _core.Columns, core, _core.Columns);
                for (int column = 0; column < columns; column++)
                {
                    var (input, place) = Math.DivRem(firstColumn + column, _window);
                    double sum = 0;
                    for (int q = 0; q < _inner; q++)
                        sum += core[(q * _window) + place] * down[(q * inputs) + input - firstInput];
                    block[(row * stride) + column] = (float)sum;
                }
            }
        }
        finally
        {
            ArrayPool<double>.Shared.Return(core);
            ArrayPool<double>.Shared.Return(down);
        }
    }
}
