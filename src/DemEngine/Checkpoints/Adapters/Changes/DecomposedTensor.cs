using System.Buffers;
using DemEngine.Checkpoints.Quantized;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints.Adapters.Changes;

/// <summary>
/// A model's tensor with an adapter's change of direction and length (DoRA, arXiv 2402.09353, equation 5): each row of w + m,
/// rounded to binary32, gets the length that the adapter states: x = g·(w + m)/‖w + m‖. Lengths are in double, summed in the
/// order of the row.
/// </summary>
internal sealed class DecomposedTensor : DecodedTensor
{
    // Rows that share what is read of the right factor.
    private const int RowsTogether = 32;

    private readonly StoredTensor _model;
    private readonly WeightMatrix _change;
    private readonly StoredTensor _lengths;
    private readonly int _columns;

    /// <param name="model">The tensor of the model, w.</param>
    /// <param name="change">The change, m.</param>
    /// <param name="lengths">The length g of each row.</param>
    /// <exception cref="DemException">DEM2048 (BadAdapter): there is not one length for each row.</exception>
    public DecomposedTensor(StoredTensor model, WeightMatrix change, StoredTensor lengths)
        : base(model.Spec.Name, model.Spec.Shape, model.ModelType)
    {
        TensorShape shape = lengths.Spec.Shape;
        if (!lengths.Spec.Type.IsFloat || shape.ElementCount != model.Spec.Shape.Rows
            || !shape.Dimensions.Contains(shape.ElementCount))
            throw AdapterFault.Wrong(
                lengths, $"there is one length for each of the {model.Spec.Shape.Rows} rows of {model.Spec.Name}");
        _model = model;
        _change = change;
        _lengths = lengths;
        _columns = checked((int)model.Spec.Shape.RowElements);
        Parts = [model, .. change.Parts, lengths];
    }

    public override string Form => $"{_model.Spec.Type.SafetensorsName} with {_change.Form} and lengths (DoRA)";

    public override IReadOnlyList<StoredTensor> Parts { get; }

    public override long StoredBytes => Parts.Sum(part => part.Origin?.StoredBytes ?? part.Spec.ByteLength);

    public override Adaptation? Adaptation => new(_model, Change: null);

    public override ComputingMemory Memory =>
        _change.Memory.And(new(0, ComputingMemory.Rented((long)RowsTogether * _columns, sizeof(float))));

    public override void Decode(long first, Span<float> values)
    {
        int most = Math.Min(RowsTogether, (values.Length / _columns) + 2);
        float[] room = ArrayPool<float>.Shared.Rent(most * _columns);
        try
        {
            while (!values.IsEmpty)
            {
                var (row, column) = Math.DivRem(first, _columns);
                int rows = (int)Math.Min(most, (column + values.Length + _columns - 1) / _columns);
                Span<float> whole = room.AsSpan(0, rows * _columns);
                ModelNumbers.Read(_model, row * _columns, whole);
                _change.AddTo(row * _columns, whole);
                Scale(row, whole);
                int count = (int)Math.Min(whole.Length - column, values.Length);
                whole.Slice((int)column, count).CopyTo(values);
                values = values[count..];
                first += count;
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(room);
        }
    }

    public override void WillNeed(long first, long count)
    {
        _model.WillNeed(first, count);
        _change.WillNeed(first);
    }

    /// <summary>Gives whole rows their lengths. A row of zeros has no direction, and stays.</summary>
    private void Scale(long firstRow, Span<float> rows)
    {
        Span<float> length = stackalloc float[1];
        for (; !rows.IsEmpty; rows = rows[_columns..], firstRow++)
        {
            double squares = 0;
            foreach (float x in rows[.._columns])
                squares += (double)x * x;
            ModelNumbers.Read(_lengths, firstRow, length);
            double factor = squares == 0 ? 0 : length[0] / Math.Sqrt(squares);
            foreach (ref float x in rows[.._columns])
                x = (float)(factor * x);
        }
    }
}
