using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Errors;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Names;
using DemEngine.Merging.Options;
using DemEngine.Merging.Tokens;
using DemEngine.Numerics;

namespace DemEngine.Merging.Planning;

/// <summary>A source of a merge.</summary>
/// <param name="Name">Name of the source in messages.</param>
/// <param name="Model">The source's tensors.</param>
/// <param name="IsVector">Whether the source is a stored distribution vector, which has no integer tensors.</param>
internal sealed record AlignedSource(string Name, InputModel Model, bool IsVector);

/// <summary>One tensor of the output together with its counterparts in the base and in each source.</summary>
internal sealed record AlignedTensor(TensorSpec Spec, TensorReader Base, ImmutableArray<SourceTensor> Sources)
{
    /// <summary>
    /// Name under which the tensor is computed: its own, or that of the tensor that it is tied to, so that parameters and random
    /// draws are the same for both.
    /// </summary>
    public string ComputedAs { get; init; } = Spec.Name;
}

/// <summary>
/// Matches the tensors of the sources to those of the base, which defines what the output holds, and refuses those that do not
/// match.
/// </summary>
internal sealed class TensorAlignment
{
    private readonly InputModel _base;
    private readonly ImmutableArray<AlignedSource> _sources;
    private readonly List<string> _remarks;
    private readonly Lazy<TokenTables> _tables;
    private readonly AlignmentOptions _options;
    private readonly long? _commonRows;
    private readonly SortedSet<string> _cut = new(StringComparer.Ordinal);
    private long? _perLayerRows;

    /// <param name="baseModel">The base.</param>
    /// <param name="sources">The sources, whose tensors have the base's names; see <see cref="NameAlignment"/>.</param>
    /// <param name="tables">
    /// Tensors of the models that have a row for each token, looked for only where numbers of rows differ.
    /// </param>
    /// <param name="options">Policies for what does not match.</param>
    /// <exception cref="DemException">
    /// DEM2014 to DEM2018 (MissingTensor to TypeMismatch): a tensor does not match the base. DEM2030 (UnknownVocabularyTensor):
    /// it is not known whether a tensor has rows that would be cut.
    /// </exception>
    /// <param name="remarks">Notes made before; null for none.</param>
    public TensorAlignment(
        InputModel baseModel,
        IReadOnlyList<AlignedSource> sources,
        Lazy<TokenTables> tables,
        AlignmentOptions options,
        IEnumerable<string>? remarks = null)
    {
        _remarks = [.. remarks ?? []];
        _tables = tables;
        _base = baseModel;
        _options = options;
        _sources = [.. sources];
        foreach (AlignedSource source in sources)
            CheckNames(source);
        _commonRows = options.Vocabulary == VocabularyPolicy.Common && IsAnyOtherShape() ? tables.Value.CommonRows : null;
        foreach (NamedInput tensor in baseModel.Tensors)
            Check(tensor);
        Tensors = new AlignedTensors(
            baseModel.Tensors.Count,
            k => Align(baseModel.Tensors[k]),
            k => _commonRows is null ? SpecOf(baseModel.Tensors[k]) : Align(baseModel.Tensors[k]).Spec);
        if (_cut.Count > 0)
        {
            tables.Value.RefuseDoubtful();
            VocabularyRows = new VocabularyRows(_commonRows!.Value, _perLayerRows, _cut);
        }
    }

    /// <summary>The matched tensors, in the order of the base.</summary>
    public AlignedTensors Tensors { get; }

    /// <summary>Notes on sources' tensors that were renamed, are not there, or are left out.</summary>
    public IReadOnlyList<string> Remarks => _remarks;

    /// <summary>Numbers of vocabulary rows of the output if they differ from the base's; else null.</summary>
    public VocabularyRows? VocabularyRows { get; }

    private bool IsAnyOtherShape() => _base.Tensors.Any(one => _sources.Any(source =>
        source.Model.FindSpec(one.Name) is { } other && other.Shape != one.Spec.Shape));

    private void CheckNames(AlignedSource source)
    {
        InputModel model = source.Model;
        string[] missing =
        [
            .. _base.Tensors
                .Where(one => (one.Spec.Type.IsFloat || !source.IsVector) && !model.Has(one.Name))
                .Select(one => one.Name),
        ];
        string[] extra = [.. model.Tensors.Select(one => one.Name).Where(name => !_base.Has(name))];
        if (missing.Length > 0 && extra.Length > 0)
        {
            ExpertLayout.RequireSame(_base, model, source.Name);
            CheckShare(source, missing, extra);
        }

        if (missing.Length > 0)
        {
            if (_options.Missing == MissingTensors.Fail && !IsPart(model, extra))
                throw new DemException(
                    ErrorCode.MissingTensor,
                    $"{model.Path}: {missing.Length} tensors of the base are not in {source.Name}: {Quoted.List(missing)}")
                {
                    Path = model.Path,
                };
            _remarks.Add(
                $"{source.Name}: {missing.Length} of the base's {_base.Tensors.Count} tensors are not in it and stay the "
                + $"base's: {Quoted.List(missing)}");
        }

        if (extra.Length > 0)
        {
            if (_options.Extra == ExtraTensors.Fail)
                throw new DemException(
                    ErrorCode.ExtraTensor,
                    $"{model.Path}: {extra.Length} tensors of {source.Name} are not in the base: {Quoted.List(extra)}")
                {
                    Path = model.Path,
                };
            _remarks.Add(
                $"{source.Name}: {extra.Length} of its {model.Tensors.Count} tensors are not in the base and are left out: "
                + Quoted.List(extra));
        }
    }

    // A source of which most tensors have no counterpart is not the base's network under the base's names. What could be taken
    // from it would be a wrong model, whatever the policies say.
    private void CheckShare(AlignedSource source, string[] missing, string[] extra)
    {
        int common = _base.Tensors.Count - missing.Length;
        int fewer = Math.Min(_base.Tensors.Count, common + extra.Length);
        if (common * 2 >= fewer)
            return;
        throw new DemException(
            ErrorCode.MissingTensor,
            $"{source.Model.Path}: only {common} tensors of {source.Name} are in the base; {missing.Length} of the base's are "
            + $"not in it ({Quoted.List(missing)}), and {extra.Length} of its own are not in the base ({Quoted.List(extra)})",
            remedy: "Merge only models of one architecture, saved under the same names; look at both with `dem inspect`.")
        {
            Path = source.Model.Path,
        };
    }

    // A language model that was found inside a multimodal base lacks the other parts of that by its nature.
    private static bool IsPart(InputModel model, string[] extra) =>
        extra.Length == 0 && model.Tensors.Count(IsRenamed) * 2 > model.Tensors.Count;

    // Slices change the numbers of layers in names, and nothing else.
    private static bool IsRenamed(NamedInput tensor) =>
        !tensor.Name.Where(c => !char.IsAsciiDigit(c)).SequenceEqual(tensor.Spec.Name.Where(c => !char.IsAsciiDigit(c)));

    private void Check(NamedInput input)
    {
        TensorSpec spec = SpecOf(input);
        foreach (AlignedSource source in _sources)
        {
            if (source.Model.FindSpec(spec.Name) is { } other)
                CheckMatch(spec, input, other, source);
        }

        if (_commonRows is null || CutOf(input.Tensor, OthersOf(spec.Name)) is not var (table, rows))
            return;
        _cut.Add(spec.Name);
        if (table.IsPerLayer)
            _perLayerRows = rows;
    }

    private static TensorSpec SpecOf(NamedInput input)
    {
        TensorSpec spec = input.Spec;
        return spec.Name == input.Name && spec.Type == input.ModelType
            ? spec
            : spec with { Name = input.Name, Type = input.ModelType };
    }

    private TensorReader?[] OthersOf(string name)
    {
        var others = new TensorReader?[_sources.Length];
        for (int k = 0; k < others.Length; k++)
            others[k] = _sources[k].Model.Find(name);
        return others;
    }

    /// <summary>The table that a tensor is, and the rows that it is cut to; null where it stays whole.</summary>
    private (TokenTable Table, long Rows)? CutOf(TensorReader own, TensorReader?[] others)
    {
        if (_commonRows is not { } common || _tables.Value.Of(own) is not { } table)
            return null;
        long rows = table.IsPerLayer
            ? others.OfType<TensorReader>().Append(own).Min(table.TokensOf)
            : Math.Min(common + table.Extra, table.TokensOf(own));
        return rows < table.TokensOf(own) ? (table, rows) : null;
    }

    private AlignedTensor Align(NamedInput input)
    {
        TensorSpec spec = SpecOf(input);
        TensorReader own = input.Tensor;
        TensorReader?[] others = OthersOf(spec.Name);
        if (CutOf(own, others) is var (table, rows))
            spec = spec with { Shape = table.Axis.With(spec.Shape, rows) };

        // A source is read by rows of the first dimension; where tokens are another one, it is brought to the output's shape.
        if (spec.Shape != own.Spec.Shape || others.Any(other => other is not null && other.Spec.Shape != spec.Shape))
        {
            if (_tables.Value.Of(own) is { Axis.Dimension: > 0 } across)
            {
                long tokens = across.Axis.Tokens(spec.Shape);
                for (int k = 0; k < others.Length; k++)
                    others[k] = others[k] is { } other ? Fit(other, own, across.Axis, tokens, _sources[k].IsVector) : null;
                own = Fit(own, own, across.Axis, tokens, isVector: false);
            }
        }

        if (!spec.IsWholeBytes)
            throw new DemException(
                ErrorCode.ShapeMismatch,
                $"{_base.Path}: tensor {Quoted.Name(spec.Name)} cannot be cut to {spec.Shape}, "
                + $"which is no whole number of bytes in {spec.Type.SafetensorsName}")
            {
                Path = _base.Path,
                Tensor = spec.Name,
            };
        return new AlignedTensor(
            spec, own, [.. others.Select(other => new SourceTensor(other, other?.Spec.Shape.Rows ?? 0))]);
    }

    /// <summary>Cuts a tensor to a number of tokens, or fills it up from the base, a vector with zeros.</summary>
    private static TensorReader Fit(TensorReader tensor, TensorReader baseTensor, TokenAxis axis, long tokens, bool isVector)
    {
        long own = axis.Tokens(tensor.Spec.Shape);
        if (own == tokens)
            return tensor;
        var fills = ImmutableArray.CreateBuilder<RowFill>();
        var rows = new int[tokens];
        for (int token = 0; token < tokens; token++)
        {
            rows[token] = token < own ? token : PermutedEmbedding.Filled(fills.Count);
            if (token >= own)
                fills.Add(new RowFill(isVector ? [] : [new DonorRow(baseTensor, token)]));
        }

        return new PermutedEmbedding(tensor, axis, [.. rows], fills.ToImmutable());
    }

    private void CheckMatch(TensorSpec spec, NamedInput input, TensorSpec other, AlignedSource source)
    {
        if (spec.Type.IsFloat != other.Type.IsFloat || (!spec.Type.IsFloat && spec.Type != other.Type))
        {
            throw new DemException(
                ErrorCode.TypeMismatch,
                $"{source.Model.Path}: tensor {Quoted.Name(spec.Name)} is {other.Type.SafetensorsName} in {source.Name} "
                + $"and {spec.Type.SafetensorsName} in the base")
            {
                Path = source.Model.Path,
                Tensor = spec.Name,
            };
        }

        if (spec.Shape == other.Shape)
            return;

        TensorReader own = input.Tensor;
        TensorReader tensor = source.Model.Find(spec.Name)!;
        TokenTable? table = _tables.Value.Of(own);
        if (table is null || _tables.Value.Of(tensor) is null || !table.Axis.Fits(spec.Shape, other.Shape))
        {
            throw new DemException(
                ErrorCode.ShapeMismatch,
                $"{source.Model.Path}: tensor {Quoted.Name(spec.Name)} is {other.Shape} in {source.Name} "
                + $"and {spec.Shape} in the base")
            {
                Path = source.Model.Path,
                Tensor = spec.Name,
            };
        }

        if (_options.Vocabulary == VocabularyPolicy.Fail)
        {
            throw new DemException(
                ErrorCode.VocabularyMismatch,
                $"{source.Model.Path}: tensor {Quoted.Name(spec.Name)} has {table.TokensOf(tensor)} rows in {source.Name} "
                + $"and {table.TokensOf(own)} rows in the base")
            {
                Path = source.Model.Path,
                Tensor = spec.Name,
            };
        }

        if (table.Extra > 0)
        {
            throw new DemException(
                ErrorCode.VocabularyMismatch,
                $"{source.Model.Path}: tensor {Quoted.Name(spec.Name)} has {table.Extra} rows beyond the vocabulary, whose place "
                + $"differs: {table.TokensOf(tensor)} rows in {source.Name}, {table.TokensOf(own)} in the base",
                remedy: "Merge by tokens, with `tokenizer_source` in the recipe.")
            {
                Path = source.Model.Path,
                Tensor = spec.Name,
            };
        }
    }
}
