using DemEngine.Checkpoints.Quantized;
using DemEngine.Errors;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints.Adapters.Changes;

/// <summary>
/// A model's embedding of which an adapter has some rows anew: those of the tokens that were trained
/// (<c>trainable_token_indices</c> of PEFT). They take the place of the model's, and nothing is added to them.
/// </summary>
internal sealed class ReplacedRows : DecodedTensor
{
    private readonly StoredTensor _model;
    private readonly StoredTensor _rows;
    private readonly Dictionary<long, int> _places;
    private readonly int _columns;

    /// <param name="model">The tensor of the model.</param>
    /// <param name="rows">The rows that the adapter stores.</param>
    /// <param name="tokens">The row of the model that each of them replaces.</param>
    /// <exception cref="DemException">
    /// DEM2047 (AdapterDoesNotFit): the model has rows of another length, or not as many. DEM2048 (BadAdapter): what is stored is
    /// no matrix.
    /// </exception>
    public ReplacedRows(StoredTensor model, StoredTensor rows, IReadOnlyList<long> tokens)
        : base(model.Spec.Name, model.Spec.Shape, model.ModelType)
    {
        _columns = AdapterFault.MatrixOf(rows).Columns;
        if (model.Spec.Shape.Dimensions.Length != 2 || model.Spec.Shape.RowElements != _columns)
            throw Unfit($"they have {_columns} elements");
        if (tokens.Max() is var last && last >= model.Spec.Shape.Rows)
            throw Unfit($"one is that of token {last}", "Give the model with the vocabulary that the adapter was trained with.");
        _model = model;
        _rows = rows;
        _places = tokens.Select((token, k) => (token, k)).ToDictionary(pair => pair.token, pair => pair.k);
        Parts = [model, rows];

        DemException Unfit(string how, string? remedy = null) => new(
            ErrorCode.AdapterDoesNotFit,
            $"{rows.File}: {Quoted.Name(rows.Spec.Name)} has rows of {Quoted.Name(model.Spec.Name)}: {how}, "
            + $"and the model's is {model.Spec.Shape}",
            remedy: remedy)
        {
            Path = rows.File,
            Tensor = model.Spec.Name,
        };
    }

    public override string Form => $"{_model.Spec.Type.SafetensorsName} with {_places.Count} rows of its own";

    public override IReadOnlyList<StoredTensor> Parts { get; }

    public override long StoredBytes => Parts.Sum(part => part.Origin?.StoredBytes ?? part.Spec.ByteLength);

    public override Adaptation? Adaptation => new(_model, Change: null);

    public override void Decode(long first, Span<float> values)
    {
        ModelNumbers.Read(_model, first, values);
        while (!values.IsEmpty)
        {
            var (row, column) = Math.DivRem(first, _columns);
            int count = (int)Math.Min(_columns - column, values.Length);
            if (_places.TryGetValue(row, out int place))
                ModelNumbers.Read(_rows, ((long)place * _columns) + column, values[..count]);
            values = values[count..];
            first += count;
        }
    }

    public override void WillNeed(long first, long count) => _model.WillNeed(first, count);
}
