using System.Buffers;
using DemEngine.Checkpoints.Quantized;
using DemEngine.Numerics;
using DemEngine.Numerics.Elements;

namespace DemEngine.Checkpoints.Adapters.Changes;

/// <summary>
/// A matrix or vector that is stored as it is, times a factor: m = s·d. It is a change that was saved whole (<c>.diff</c>), a
/// bias's change, or a small factor of a Kronecker product.
/// </summary>
internal sealed class StoredMatrix : WeightMatrix
{
    private const int StripElements = 16_384;

    private readonly StoredTensor _tensor;
    private readonly double _scale;

    /// <param name="tensor">The stored tensor.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Number of columns.</param>
    /// <param name="scale">The factor s.</param>
    private StoredMatrix(StoredTensor tensor, int rows, int columns, double scale)
        : base(rows, columns)
    {
        _tensor = tensor;
        _scale = scale;
    }

    public override string Form => "a stored change";

    public override IReadOnlyList<StoredTensor> Parts => [_tensor];

    /// <summary>Makes the matrix of a stored tensor.</summary>
    /// <param name="tensor">The tensor; its first dimension counts the rows.</param>
    /// <param name="scale">The factor s.</param>
    /// <exception cref="DemException">DEM2048 (BadAdapter): the tensor is no matrix of floating-point numbers.</exception>
    public static StoredMatrix Of(StoredTensor tensor, double scale = 1)
    {
        if (tensor.Spec.Shape is { Dimensions.Length: 1, Rows: > 0 and <= int.MaxValue } && tensor.Spec.Type.IsFloat)
            return new StoredMatrix(tensor, (int)tensor.Spec.Shape.Rows, 1, scale);
        (int rows, int columns) = AdapterFault.MatrixOf(tensor);
        return new StoredMatrix(tensor, rows, columns, scale);
    }

    public override void AddTo(long first, Span<float> values)
    {
        double[] strip = ArrayPool<double>.Shared.Rent(Math.Min(values.Length, StripElements));
        try
        {
            for (int at = 0; at < values.Length; at += StripElements)
            {
                Span<float> part = values.Slice(at, Math.Min(StripElements, values.Length - at));
                using PartBytes bytes = PartBytes.Read(_tensor, first + at, part.Length);
                FloatNumbers.Read(_tensor.Spec.Type, bytes.Bytes, strip.AsSpan(0, part.Length));
                for (int k = 0; k < part.Length; k++)
                    part[k] = (float)(part[k] + (_scale * strip[k]));
            }
        }
        finally
        {
            ArrayPool<double>.Shared.Return(strip);
        }
    }
}
