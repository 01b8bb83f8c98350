using DemEngine.Checkpoints.Layers;
using DemEngine.Errors;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Models;
using DemEngine.Numerics;
using DemEngine.Vocabularies;

namespace DemEngine.Merging.Tokens;

/// <summary>
/// Finds the tensors of several models that have a row for each token. The number of rows tells them: it is that of the
/// vocabulary, and follows it where the models' vocabularies differ. Names decide where the number fits other tensors, too. A
/// tensor that remains in doubt is refused where rows would be moved or cut.
/// </summary>
internal sealed class TokenTables
{
    private readonly Dictionary<string, TokenTable> _tables = new(StringComparer.Ordinal);
    private readonly Dictionary<TensorReader, TokenTable> _byTensor = [];
    private readonly Dictionary<InputModel, TableModel> _models = new(ReferenceEqualityComparer.Instance);
    private readonly List<(string Model, NamedInput Tensor, long Rows, string Why)> _doubtful = [];
    private readonly SortedSet<string> _ofOtherParts = new(StringComparer.Ordinal);

    /// <param name="models">Models, the base first, each with a flag that is set for a distribution vector.</param>
    /// <exception cref="DemException">DEM2023 (BadSideFile): a configuration file is not a JSON object.</exception>
    public TokenTables(IEnumerable<(InputModel Tensors, IReadOnlyDictionary<string, byte[]> Files, bool IsVector)> models)
    {
        TableModel? first = null;
        foreach (var (tensors, files, isVector) in models)
        {
            if (_models.ContainsKey(tensors))
                continue;
            var model = new TableModel(
                tensors,
                (isVector ? null : VocabularySizes.Of(files, tensors.Path)) ?? first?.Sizes,
                () => VocabularyReader.TryRead(files, tensors.Path)?.Size,
                first?.Rows);
            first ??= model;
            _models.Add(tensors, model);
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (TableModel model in _models.Values)
        {
            foreach (NamedInput one in model.Tensors.Tensors.Where(one => seen.Add(one.Name)))
            {
                if (model.Rows is { } rows && Find(model, one, rows) is { } table)
                    _tables.Add(one.Name, table);
            }
        }

        foreach (NamedInput one in _models.Keys.SelectMany(model => model.Tensors))
        {
            if (_tables.TryGetValue(one.Name, out TokenTable? table))
                _byTensor.TryAdd(one.Tensor, table);
        }
    }

    /// <summary>The tables by the names of their tensors.</summary>
    public IReadOnlyDictionary<string, TokenTable> ByName => _tables;

    /// <summary>Names of tensors that have rows for the vocabularies of other parts, and stay as they are.</summary>
    public IReadOnlyCollection<string> OfOtherParts => _ofOtherParts;

    /// <summary>Smallest number of rows that the vocabulary has in one of the models; null if none has a table.</summary>
    public long? CommonRows => _models.Values.Min(model => model.Rows);

    /// <summary>Finds the tables of a recipe's models.</summary>
    /// <param name="models">Models, the base first, each with a flag that is set for a distribution vector.</param>
    public static TokenTables Of(IEnumerable<(SourceModel Model, bool IsVector)> models) =>
        new(models.Select(one => (one.Model.Tensors, one.Model.Files, one.IsVector)));

    /// <summary>Returns the table that a model's tensor is; null if it has no rows for tokens.</summary>
    public TokenTable? Of(TensorReader tensor) => _byTensor.GetValueOrDefault(tensor);

    /// <summary>Returns the number of rows of a model's vocabulary; null if it has no table.</summary>
    public long? RowsOf(InputModel model) => _models.GetValueOrDefault(model)?.Rows;

    /// <summary>Returns the number of ids that a model has a row for in at least one of its tables; 0 without a table.</summary>
    public long IdsOf(InputModel model) => model.Tensors
        .Select(one => Of(one.Tensor) is { } table ? table.TokensOf(one.Tensor) : 0)
        .DefaultIfEmpty()
        .Max();

    /// <summary>Refuses tensors that may have a row for each token, and are not known to. Called where rows are moved.</summary>
    /// <exception cref="DemException">DEM2030 (UnknownVocabularyTensor): there is such a tensor.</exception>
    public void RefuseDoubtful()
    {
        if (_doubtful.Count == 0)
            return;
        var (model, tensor, rows, why) = _doubtful[0];
        string more = _doubtful.Count > 1
            ? $"; likewise {Quoted.List([.. _doubtful.Skip(1).Select(one => one.Tensor.Name)])}"
            : "";
        throw new DemException(
            ErrorCode.UnknownVocabularyTensor,
            $"{model}: the tensor {Quoted.Name(tensor.Name)} {tensor.Spec.Shape} may belong to the vocabulary of {rows} rows: "
            + $"{why}{more}");
    }

    private TokenTable? Find(TableModel model, NamedInput one, long rows)
    {
        var (name, spec) = one;
        var shape = spec.Shape;
        if (shape.Dimensions.Length == 0)
            return null;
        bool isKnown = VocabularyName.IsKnown(name);
        if (name.Contains("per_layer", StringComparison.Ordinal) && isKnown && model.Sizes?.PerLayer == shape.Rows)
            return new TokenTable(name, default, Extra: 0, IsPerLayer: true);
        if (model.Sizes?.IsOfOtherPart(name, shape.Rows, rows) == true)
        {
            if (isKnown)
                _ofOtherParts.Add(name);
            return null;
        }

        int dimension = DimensionOf(name, shape.Dimensions.AsSpan(), rows);
        if (dimension < 0)
            return VocabularyName.IsCertain(name) && LayerName.Parse(name).Stack is null && shape.Dimensions.Length <= 2
                ? OfOtherSize(model, one, rows)
                : null;
        var table = new TokenTable(name, new TokenAxis(dimension), Extra: 0, IsPerLayer: false);
        if (isKnown)
            return model.Sizes?.IsInOtherPart(name) == true
                ? Doubt(model, one, rows, "it is in a part whose vocabulary is as large and may be another")
                : table;
        if (VocabularyName.IsOther(name))
            return null;
        if (Follows(model, one, table, rows) is { } follows)
            return follows ? table : null;
        return LayerName.Parse(name).Stack is null ? Outside(model, one, table, rows) : Inside(model, one, rows);
    }

    /// <summary>Returns the dimension that counts tokens; −1 if none has the size of the vocabulary.</summary>
    private static int DimensionOf(string name, ReadOnlySpan<long> dimensions, long rows)
    {
        bool isSecond = dimensions.Length == 2 && dimensions[1] == rows;
        if (dimensions[0] == rows && !(isSecond && VocabularyName.IsColumns(name)))
            return 0;
        return isSecond ? 1 : -1;
    }

    /// <summary>
    /// Whether the tensor's rows follow the vocabulary from model to model; null where all models have one size.
    /// </summary>
    private bool? Follows(TableModel model, NamedInput one, TokenTable table, long rows)
    {
        bool? follows = null;
        foreach (TableModel other in _models.Values.Where(other => other.Rows is not null && other.Rows != rows))
        {
            if (other.Tensors.Find(one.Name) is not { } tensor || tensor.Spec.Shape.Dimensions.Length <= table.Axis.Dimension)
                continue;
            if (table.TokensOf(tensor) != other.Rows)
                return false;
            follows = true;
        }

        return follows;
    }

    private TokenTable? Outside(TableModel model, NamedInput one, TokenTable table, long rows)
    {
        var (name, spec) = one;
        var dimensions = spec.Shape.Dimensions;
        if (model.IsAmbiguous)
            return Doubt(model, one, rows, "the number fits, but other tensors have it, too, and the name is not known");
        bool isClear = spec.Type.IsFloat && dimensions.Length switch
        {
            1 => name.EndsWith("bias", StringComparison.Ordinal),
            2 => model.HasWidth(dimensions[1 - table.Axis.Dimension])
                || (dimensions[0] == 1 && name.EndsWith("bias", StringComparison.Ordinal)),
            _ => false,
        };
        return isClear
            ? table
            : Doubt(model, one, rows, "the number fits, but it is no embedding, output matrix or bias of a known form");
    }

    private TokenTable? Inside(TableModel model, NamedInput one, long rows) =>
        model.IsAmbiguous
        || (model.IsInEveryLayer(one.Name) && !one.Name.Contains("embed", StringComparison.Ordinal))
            ? null
            : Doubt(model, one, rows, "the number fits, and it lies in a layer under a name that is not known");

    /// <summary>Decides about a tensor with a known name and another number of rows than the vocabulary.</summary>
    private TokenTable? OfOtherSize(TableModel model, NamedInput one, long rows)
    {
        long own = one.Spec.Shape.Rows;
        if (VocabularyName.IsColumns(one.Name) || (own == 1 && one.Spec.Shape.Dimensions.Length == 2))
            return null;
        bool isSame = _models.Values.All(other => other.Tensors.FindSpec(one.Name) is not { } spec
            || spec.Shape.Rows - other.Rows == own - rows);
        return own > rows && VocabularyName.IsInput(one.Name) && !model.HasInput && isSame
            && model.Sizes?.IsLanguageSize(own) != true
            ? new TokenTable(one.Name, default, Extra: own - rows, IsPerLayer: false)
            : Doubt(model, one, rows, $"its name says so, but it has {own} rows");
    }

    private TokenTable? Doubt(TableModel model, NamedInput one, long rows, string why)
    {
        _doubtful.Add((model.Tensors.Path, one, rows, why));
        return null;
    }
}
