using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Options;
using DemEngine.Merging.Tensors;
using DemEngine.Methods.Definition;
using DemEngine.Numerics;

namespace DemEngine.Merging.Planning;

/// <summary>One part of a recipe, its models matched to each other tensor by tensor.</summary>
internal sealed class MatchedPart
{
    private readonly IMergeMethod _method;
    private readonly bool _isRelative;
    private readonly int[] _sourceIndices;
    private readonly string[] _models;
    private readonly IReadOnlyList<AlignedSource> _sources;
    private readonly LayerDepth _depth;

    /// <param name="method">Which method merges.</param>
    /// <param name="isRelative">Whether the sources count by their differences from the base.</param>
    /// <param name="sourceIndices">The positions of the sources among the part's models.</param>
    /// <param name="models">What the recipe calls the base and the sources.</param>
    /// <param name="baseModel">Says which tensors there are, and what they are called.</param>
    /// <param name="sources">The sources, with tensors of the same names.</param>
    /// <param name="firstLayer">The number of the part's first layer.</param>
    /// <param name="alignment">What to do where they do not match.</param>
    public MatchedPart(
        IMergeMethod method,
        bool isRelative,
        int[] sourceIndices,
        string[] models,
        InputModel baseModel,
        IReadOnlyList<AlignedSource> sources,
        int firstLayer,
        AlignmentOptions alignment)
    {
        _method = method;
        _isRelative = isRelative;
        _sourceIndices = sourceIndices;
        _models = models;
        _sources = sources;
        _depth = new LayerDepth(baseModel.Tensors.Select(tensor => tensor.Name), firstLayer);
        var aligned = new TensorAlignment(baseModel, sources, alignment);
        Tensors = aligned.Tensors;
        VocabularyRows = aligned.VocabularyRows;
    }

    /// <summary>In the order of the base.</summary>
    public ImmutableArray<AlignedTensor> Tensors { get; }

    /// <summary>The output's vocabulary, if it differs from the base's.</summary>
    public long? VocabularyRows { get; }

    /// <summary>Plans a tensor.</summary>
    /// <param name="tensor">Which.</param>
    /// <param name="type">Of its elements, if it is of floating-point numbers.</param>
    /// <param name="parameters">The part's.</param>
    /// <param name="stages">Results that it may be made from.</param>
    public OutputTensor Plan(AlignedTensor tensor, ElementType type, PartParameters parameters, UpstreamTensors stages)
    {
        TensorSpec spec = tensor.Spec;
        TensorReader baseTensor = tensor.Base.Rebind(stages.Resolve);
        ImmutableArray<SourceTensor> inputs = [.. tensor.Sources.Select(source => source with { Tensor = source.Tensor?.Rebind(stages.Resolve) })];
        if (!spec.Type.IsFloat)
        {
            return new CopiedTensor(spec, baseTensor, _models[0], [.. inputs
                .Select((source, k) => (_sources[k].Name, source.Tensor))
                .Where(pair => pair.Tensor is not null && !ReferenceEquals(pair.Tensor, baseTensor))
                .Select(pair => (pair.Name, pair.Tensor!))]);
        }

        // A filter is looked for in the name that the tensor has in that model.
        SourceContext[] questions =
        [
            .. _sourceIndices.Select((model, k) => new SourceContext(parameters.OfEach[model], _sources[k].IsVector, inputs[k].Tensor?.Spec.Name)),
        ];
        TensorMerge program = _method.Define(new TensorContext(
            spec.Name,
            _depth.Of(spec.Name),
            parameters.Shared,
            questions,
            _isRelative,
            spec.Shape.ElementCount,
            spec.Shape.RowLength));
        return new MergedTensor(
            spec with { Type = type },
            new TensorSources(spec.Shape, baseTensor, inputs, [.. questions.Select(question => question.IsVector)], _method.Base, _isRelative),
            program,
            _method.Name,
            _models);
    }
}
