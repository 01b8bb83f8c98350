using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Layers;
using DemEngine.Errors;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Names;
using DemEngine.Merging.Options;
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
    private readonly AlignmentOptions _options;

    /// <exception cref="DemException">
    /// DEM2014 to DEM2018 (MissingTensor to TypeMismatch): a tensor does not match the base.
    /// </exception>
    /// <param name="baseModel">The base, which defines the tensors.</param>
    /// <param name="sources">The sources.</param>
    /// <param name="options">Policies for tensors and vocabularies that do not match.</param>
    /// <param name="remarks">Notes made before; null for none.</param>
    public TensorAlignment(
        InputModel baseModel,
        IReadOnlyList<AlignedSource> sources,
        AlignmentOptions options,
        IEnumerable<string>? remarks = null)
    {
        _remarks = [.. remarks ?? []];
        _base = baseModel;
        _options = options;
        _sources = [.. sources.Select(source => source with { Model = CheckNames(source) })];
        Tensors = [.. baseModel.Tensors.Select(Align)];
        VocabularyRows = Tensors.Where(tensor => tensor.Spec.Shape != tensor.Base.Spec.Shape)
            .Select(tensor => (long?)tensor.Spec.Shape.Rows).FirstOrDefault();
    }

    /// <summary>The matched tensors, in the order of the base.</summary>
    public ImmutableArray<AlignedTensor> Tensors { get; }

    /// <summary>Notes on sources' tensors that were renamed, are not there, or are left out.</summary>
    public IReadOnlyList<string> Remarks => _remarks;

    /// <summary>Number of vocabulary rows of the output if it differs from the base's; else null.</summary>
    public long? VocabularyRows { get; }

    private InputModel CheckNames(AlignedSource source)
    {
        InputModel model = NameAlignment.Align(_base, source.Model, source.Name, _remarks);
        string[] missing =
        [
            .. _base.Tensors
                .Where(one => (one.Tensor.Spec.Type.IsFloat || !source.IsVector) && model.Find(one.Name) is null)
                .Select(one => one.Name),
        ];
        string[] extra = [.. model.Tensors.Select(one => one.Name).Where(name => _base.Find(name) is null)];
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
                    $"{model.Path}: {missing.Length} tensors of the base are not in {source.Name}: {Quoted.List(missing)}");
            _remarks.Add(
                $"{source.Name}: {missing.Length} of the base's {_base.Tensors.Length} tensors are not in it and stay the base's: "
                + Quoted.List(missing));
        }

        if (extra.Length > 0)
        {
            if (_options.Extra == ExtraTensors.Fail)
                throw new DemException(
                    ErrorCode.ExtraTensor,
                    $"{model.Path}: {extra.Length} tensors of {source.Name} are not in the base: {Quoted.List(extra)}");
            _remarks.Add(
                $"{source.Name}: {extra.Length} of its {model.Tensors.Length} tensors are not in the base and are left out: "
                + Quoted.List(extra));
        }

        return model;
    }

    // A source of which most tensors have no counterpart is not the base's network under the base's names. What could be taken
    // from it would be a wrong model, whatever the policies say.
    private void CheckShare(AlignedSource source, string[] missing, string[] extra)
    {
        int common = _base.Tensors.Length - missing.Length;
        int fewer = Math.Min(_base.Tensors.Length, common + extra.Length);
        if (common * 2 >= fewer)
            return;
        throw new DemException(
            ErrorCode.MissingTensor,
            $"{source.Model.Path}: only {common} tensors of {source.Name} are in the base; {missing.Length} of the base's are not "
            + $"in it ({Quoted.List(missing)}), and {extra.Length} of its own are not in the base ({Quoted.List(extra)})",
            remedy: "Merge only models of one architecture, saved under the same names; look at both with `dem inspect`.");
    }

    // A language model that was found inside a multimodal base lacks the other parts of that by its nature.
    private static bool IsPart(InputModel model, string[] extra) =>
        extra.Length == 0 && model.Tensors.Count(IsRenamed) * 2 > model.Tensors.Length;

    // Slices change the numbers of layers in names, and nothing else.
    private static bool IsRenamed(NamedInput tensor) =>
        !tensor.Name.Where(c => !char.IsAsciiDigit(c)).SequenceEqual(tensor.Tensor.Spec.Name.Where(c => !char.IsAsciiDigit(c)));

    private AlignedTensor Align(NamedInput input)
    {
        TensorSpec spec = input.Tensor.Spec with { Name = input.Name };
        var sources = ImmutableArray.CreateBuilder<SourceTensor>(_sources.Length);
        long fewestRows = spec.Shape.Rows;
        foreach (AlignedSource source in _sources)
        {
            TensorReader? other = source.Model.Find(spec.Name);
            if (other is not null)
                CheckMatch(spec, other.Spec, source);

            long rows = other?.Spec.Shape.Rows ?? 0;
            if (other is not null)
                fewestRows = Math.Min(fewestRows, rows);
            sources.Add(new SourceTensor(other, rows));
        }

        if (_options.Vocabulary == Options.VocabularyPolicy.Common && fewestRows < spec.Shape.Rows)
            spec = spec with { Shape = spec.Shape.WithRows(fewestRows) };
        if (!spec.IsWholeBytes)
            throw new DemException(
                ErrorCode.ShapeMismatch,
                $"{_base.Path}: tensor {Quoted.Name(spec.Name)} cannot be cut to {fewestRows} rows, "
                + $"which are no whole number of bytes in {spec.Type.SafetensorsName}");
        return new AlignedTensor(spec, input.Tensor, sources.ToImmutable());
    }

    private void CheckMatch(TensorSpec spec, TensorSpec other, AlignedSource source)
    {
        if (spec.Type.IsFloat != other.Type.IsFloat || (!spec.Type.IsFloat && spec.Type != other.Type))
        {
            throw new DemException(
                ErrorCode.TypeMismatch,
                $"{source.Model.Path}: tensor {Quoted.Name(spec.Name)} is {other.Type.SafetensorsName} in {source.Name} "
                + $"and {spec.Type.SafetensorsName} in the base");
        }

        if (spec.Shape == other.Shape)
            return;

        bool onlyRows = spec.Shape.Dimensions.Length > 0
            && spec.Shape.Dimensions.Length == other.Shape.Dimensions.Length
            && spec.Shape.Dimensions.AsSpan()[1..].SequenceEqual(other.Shape.Dimensions.AsSpan()[1..]);
        if (!onlyRows || !LayerName.IsVocabulary(spec.Name))
        {
            throw new DemException(
                ErrorCode.ShapeMismatch,
                $"{source.Model.Path}: tensor {Quoted.Name(spec.Name)} is {other.Shape} in {source.Name} "
                + $"and {spec.Shape} in the base");
        }

        if (_options.Vocabulary == Options.VocabularyPolicy.Fail)
        {
            throw new DemException(
                ErrorCode.VocabularyMismatch,
                $"{source.Model.Path}: tensor {Quoted.Name(spec.Name)} has {other.Shape.Rows} rows in {source.Name} "
                + $"and {spec.Shape.Rows} in the base");
        }
    }
}
