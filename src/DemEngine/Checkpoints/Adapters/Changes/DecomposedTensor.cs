using System.Buffers;
using DemEngine.Checkpoints.Quantized;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints.Adapters.Changes;

/// <summary>
/// A model's tensor with an adapter's change of direction and length (DoRA, arXiv 2402.09353, equation 5): each row of w + m,
/// rounded to binary32, gets the length that the adapter states: x = g·(w + m)/‖w + m‖; of an embedding, and of a matrix that is
/// stored transposed, each column. Lengths are in double, summed in the order of the row or column.
/// </summary>
internal sealed class DecomposedTensor : DecodedTensor
{
    // Rows that share what is read of the right factor.
    private const int RowsTogether = 32;

    private readonly StoredTensor _model;
    private readonly WeightMatrix _change;
    private readonly StoredTensor _lengths;
    private readonly int _columns;

    // The lengths of all columns of w + m, for which the whole matrix is computed once more.
    private readonly Lazy<double[]>? _columnLengths;

    /// <param name="model">The tensor of the model, w.</param>
    /// <param name="change">The change, m.</param>
    /// <param name="lengths">The length g of each row, or of each column.</param>
    /// <param name="ofColumns">Whether columns have lengths, and not rows.</param>
    /// <exception cref="DemException">DEM2048 (BadAdapter): there is not one length for each row or column.</exception>
    public DecomposedTensor(StoredTensor model, WeightMatrix change, StoredTensor lengths, bool ofColumns)
        : base(model.Spec.Name, model.Spec.Shape, model.ModelType)
    {
        TensorShape shape = lengths.Spec.Shape;
        long count = ofColumns ? model.Spec.Shape.RowElements : model.Spec.Shape.Rows;
        if (!lengths.Spec.Type.IsFloat || shape.ElementCount != count || !shape.Dimensions.Contains(count))
            throw AdapterFault.Wrong(
                lengths, $"there is one length for each of the {count} {(ofColumns ? "columns" : "rows")} of {model.Spec.Name}");
        _model = model;
        _change = change;
        _lengths = lengths;
        _columns = checked((int)model.Spec.Shape.RowElements);
        Parts = [model, .. change.Parts, lengths];
        if (ofColumns)
            _columnLengths = new Lazy<double[]>(MeasureColumns);
    }

    public override string Form => $"{_model.Spec.Type.SafetensorsName} with {_change.Form} and lengths (DoRA)";

    public override IReadOnlyList<StoredTensor> Parts { get; }

    public override long StoredBytes => Parts.Sum(part => part.Origin?.StoredBytes ?? part.Spec.ByteLength);

    public override Adaptation? Adaptation => new(_model, Change: null);

    public override ComputingMemory Memory =>
        _change.Memory.And(new(0, ComputingMemory.Rented((1L + (2 * RowsTogether)) * _columns, sizeof(float))));

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
                ReadSum(row, whole);
                if (_columnLengths is { } ofColumns)
                    ScaleColumns(ofColumns.Value, whole);
                else
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

    private void ReadSum(long firstRow, Span<float> rows)
    {
        ModelNumbers.Read(_model, firstRow * _columns, rows);
        _change.AddTo(firstRow * _columns, rows);
    }

    private double[] MeasureColumns()
    {
        var squares = new double[_columns];
        float[] room = ArrayPool<float>.Shared.Rent(RowsTogether * _columns);
        try
        {
            for (long row = 0; row < _model.Spec.Shape.Rows; row += RowsTogether)
            {
                int rows = (int)Math.Min(RowsTogether, _model.Spec.Shape.Rows - row);
                Span<float> whole = room.AsSpan(0, rows * _columns);
                ReadSum(row, whole);
                for (int k = 0; k < whole.Length; k++)
                    squares[k % _columns] += (double)whole[k] * whole[k];
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(room);
        }

        return [.. squares.Select(Math.Sqrt)];
    }

    /// <summary>Gives the columns their lengths. A column of zeros stays.</summary>
    private void ScaleColumns(double[] own, Span<float> rows)
    {
        float[] stated = ArrayPool<float>.Shared.Rent(_columns);
        try
        {
            ModelNumbers.Read(_lengths, 0, stated.AsSpan(0, _columns));
            for (int k = 0; k < rows.Length; k++)
            {
                int column = k % _columns;
                rows[k] = own[column] == 0 ? 0 : (float)(stated[column] / own[column] * rows[k]);
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(stated);
        }
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
