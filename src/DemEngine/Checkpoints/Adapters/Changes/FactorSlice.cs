using DemEngine.Checkpoints.Quantized;
using DemEngine.Numerics;
using DemEngine.Numerics.Elements;

namespace DemEngine.Checkpoints.Adapters.Changes;

/// <summary>
/// One expert's factor, of those that are stored together: x[i, j] = y[first row + i, first column + j·step].
/// </summary>
/// <param name="whole">The stored factor of all experts, y.</param>
/// <param name="rows">The first row and the number of rows.</param>
/// <param name="columns">The first column, the number of columns, and the distance from one to the next.</param>
internal sealed class FactorSlice(StoredTensor whole, (int First, int Count) rows, (int First, int Count, int Step) columns)
    : DecodedTensor(whole.Spec.Name, new TensorShape(rows.Count, columns.Count), whole.Spec.Type)
{
    // Numbers that are read at a time where others lie between those that are looked for.
    private const int StripNumbers = 65_536;

    private readonly int _storedColumns = AdapterFault.MatrixOf(whole).Columns;

    public override string Form => whole.Spec.Type.SafetensorsName;

    public override IReadOnlyList<StoredTensor> Parts { get; } = [whole];

    public override long StoredBytes => (long)rows.Count * columns.Count * whole.Spec.Type.Size;

    public override bool IsInOrder => columns.Step == 1;

    public override void Decode(long first, Span<float> values)
    {
        while (!values.IsEmpty)
        {
            var (row, column) = Math.DivRem(first, columns.Count);
            int count = (int)Math.Min(columns.Count - column, values.Length);
            long start = ((rows.First + row) * _storedColumns) + columns.First + (column * columns.Step);
            if (columns.Step == 1)
                ModelNumbers.Read(whole, start, values[..count]);
            else
                ReadApart(start, values[..count]);
            values = values[count..];
            first += count;
        }
    }

    public override void WillNeed(long first, long count)
    {
        if (count > 0)
            whole.WillNeed(StoredIndex(first), StoredIndex(first + count - 1) + 1 - StoredIndex(first));
    }

    private long StoredIndex(long index)
    {
        var (row, column) = Math.DivRem(index, columns.Count);
        return ((rows.First + row) * _storedColumns) + columns.First + (column * columns.Step);
    }

    private void ReadApart(long start, Span<float> values)
    {
        int size = whole.Spec.Type.Size;
        int together = Math.Max(1, StripNumbers / columns.Step);
        for (int at = 0; at < values.Length; at += together)
        {
            Span<float> part = values.Slice(at, Math.Min(together, values.Length - at));
            using PartBytes run = PartBytes.Read(
                whole, start + ((long)at * columns.Step), ((part.Length - 1) * columns.Step) + 1);
            for (int k = 0; k < part.Length; k++)
                FloatNumbers.Read(whole.Spec.Type, run.Bytes.Slice(k * columns.Step * size, size), part.Slice(k, 1));
        }
    }
}
