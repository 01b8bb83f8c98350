using System.Buffers;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Adapters.Changes;
using DemEngine.Numerics.LowRank;

namespace DemEngine.Adapters;

/// <summary>The difference of two tensors of the same shape by rows, float32(x − b).</summary>
/// <param name="origin">The tensor b.</param>
/// <param name="tuned">The tensor x.</param>
internal sealed class DifferenceRows(StoredTensor origin, StoredTensor tuned) : IRowSource
{
    public int Rows { get; } = checked((int)origin.Spec.Shape.Rows);

    public int Columns { get; } = checked((int)origin.Spec.Shape.RowElements);

    public void Read(int firstRow, Span<float> values)
    {
        float[] room = ArrayPool<float>.Shared.Rent(values.Length);
        try
        {
            Span<float> b = room.AsSpan(0, values.Length);
            long first = (long)firstRow * Columns;
            ModelNumbers.Read(tuned, first, values);
            ModelNumbers.Read(origin, first, b);

            for (int k = 0; k < values.Length; k++)
                values[k] -= b[k];
        }
        finally
        {
            ArrayPool<float>.Shared.Return(room);
        }
    }
}
