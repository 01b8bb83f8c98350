using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Layers;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Options;
using DemEngine.Merging.Tensors;
using DemEngine.Merging.Tokens;
using DemEngine.Methods.Definition;
using DemEngine.Numerics;
using DemEngine.Recipes;
using DemEngine.Recipes.Values;

namespace DemEngine.Merging.Planning;

/// <summary>One part of a recipe with its models matched to each other, tensor by tensor.</summary>
internal sealed class MatchedPart
{
    private readonly IMergeMethod _method;
    private readonly bool _isRelative;
    private readonly int[] _sourceIndices;
    private readonly string[] _models;
    private readonly IReadOnlyList<AlignedSource> _sources;
    private readonly ImmutableArray<bool> _areVectors;
    private readonly LayerDepth _depth;
    private readonly AfterLayers _afterLayers;

    /// <param name="method">The merge method.</param>
    /// <param name="isRelative">Whether the sources enter the merge as their differences from the base.</param>
    /// <param name="sourceIndices">Positions of the sources among the part's models.</param>
    /// <param name="models">Names that the recipe gives the base and the sources.</param>
    /// <param name="baseModel">The base, which defines the tensors and their names.</param>
    /// <param name="sources">The sources, whose tensors have the same names.</param>
    /// <param name="depth">Depth of each tensor of the base.</param>
    /// <param name="afterLayers">Which end of gradients counts for tensors that follow the layers.</param>
    /// <param name="tables">Tensors of the recipe's models that have a row for each token.</param>
    /// <param name="alignment">Policies for tensors and vocabularies that do not match.</param>
    public MatchedPart(
        IMergeMethod method,
        bool isRelative,
        int[] sourceIndices,
        string[] models,
        InputModel baseModel,
        IReadOnlyList<AlignedSource> sources,
        LayerDepth depth,
        AfterLayers afterLayers,
        Lazy<TokenTables> tables,
        AlignmentOptions alignment)
    {
        _method = method;
        _isRelative = isRelative;
        _sourceIndices = sourceIndices;
        _models = models;
        _sources = sources;
        _areVectors = [.. sources.Select(source => source.IsVector)];
        _depth = depth;
        _afterLayers = afterLayers;
        var aligned = new TensorAlignment(baseModel, sources, tables, alignment);
        Tensors = aligned.Tensors;
        VocabularyRows = aligned.VocabularyRows;
        Remarks = aligned.Remarks;
    }

    /// <summary>The matched tensors, in the order of the base.</summary>
    public AlignedTensors Tensors { get; }

    /// <summary>Numbers of vocabulary rows of the output if they differ from the base's; else null.</summary>
    public VocabularyRows? VocabularyRows { get; }

    /// <summary>Notes on sources' tensors that were renamed, are not there, or are left out.</summary>
    public IReadOnlyList<string> Remarks { get; }

    /// <summary>Whether there may be a gradient in effect for any tensor.</summary>
    /// <param name="parameters">Parameters of this part.</param>
    public bool HasGradients(PartParameters parameters) =>
        parameters.Shared.HasGradients || _sourceIndices.Any(model => parameters.OfEach[model].HasGradients);

    /// <summary>Returns the gradients that are in effect for a tensor.</summary>
    /// <param name="tensor">The matched tensor.</param>
    /// <param name="parameters">Parameters of this part.</param>
    public IEnumerable<GradientValue> GradientsAt(AlignedTensor tensor, PartParameters parameters) =>
        !tensor.Spec.Type.IsFloat || !HasGradients(parameters)
        ? []
        : _sourceIndices.SelectMany((model, k) =>
                parameters.OfEach[model].GradientsAt(tensor.Sources[k].Tensor?.Spec.Name ?? tensor.Spec.Name))
            .Concat(parameters.Shared.GradientsAt(tensor.Spec.Name));

    /// <summary>Whether gradients are read for a tensor at their first number because it follows the layers.</summary>
    public bool IsReadAtFirst(AlignedTensor tensor) => _afterLayers == AfterLayers.First && _depth.Of(tensor.ComputedAs) is null;

    /// <summary>Plans one output tensor.</summary>
    /// <param name="tensor">The matched tensor to plan.</param>
    /// <param name="type">Element type of the output tensor if it holds floating-point numbers.</param>
    /// <param name="parameters">Parameters of this part.</param>
    /// <param name="stages">Upstream results that the tensor may be made from.</param>
    public OutputTensor Plan(AlignedTensor tensor, ElementType type, PartParameters parameters, UpstreamTensors stages)
    {
        TensorSpec spec = tensor.Spec;
        Func<TensorReader, TensorReader> resolve = stages.Resolve;
        TensorReader baseTensor = tensor.Base.Rebind(resolve);
        ImmutableArray<SourceTensor> inputs = Rebind(tensor.Sources, resolve);
        if (!spec.Type.IsFloat)
        {
            return new CopiedTensor(spec, baseTensor, _models[0], [.. inputs
                .Select((source, k) => (_sources[k].Name, source.Tensor))
                .Where(pair => pair.Tensor is not null && pair.Tensor != baseTensor)
                .Select(pair => (pair.Name, pair.Tensor!))]);
        }

        ImmutableArray<bool> areVectors = _areVectors;
        if (_isRelative)
            (inputs, areVectors) = Differences(baseTensor, inputs, areVectors);

        // A parameter's tensor filter is matched against the name that the tensor has in that model.
        var questions = new SourceContext[_sourceIndices.Length];
        for (int k = 0; k < questions.Length; k++)
        {
            questions[k] = new SourceContext(
                parameters.OfEach[_sourceIndices[k]], areVectors[k], inputs[k].Tensor?.Spec.Name);
        }

        TensorMerge program = _method.Define(new TensorContext(
            tensor.ComputedAs,
            Depth: 0,
            parameters.Shared,
            questions,
            _isRelative,
            spec.Shape.ElementCount,
            spec.Shape.RowLength)
        {
            Columns = spec.Shape.Dimensions.Length > 1 ? spec.Shape.RowElements : 1,
            FindDepth = () => _depth.Of(tensor.ComputedAs) ?? (_afterLayers == AfterLayers.Last ? 1 : 0),
        });
        return new MergedTensor(
            spec.Type == type ? spec : spec with { Type = type },
            new TensorSources(
                spec.Shape,
                baseTensor,
                inputs,
                areVectors,
                _method.Base,
                _isRelative),
            program,
            _method.Name,
            _models);
    }

    // What an adapter adds to the base is known without the base. What it leaves as it is differs by nothing.
    private static (ImmutableArray<SourceTensor> Inputs, ImmutableArray<bool> AreVectors) Differences(
        TensorReader baseTensor, ImmutableArray<SourceTensor> inputs, ImmutableArray<bool> areVectors)
    {
        for (int k = 0; k < inputs.Length; k++)
        {
            if (areVectors[k] || inputs[k].Tensor?.DifferenceFrom(baseTensor) is not { } difference)
                continue;
            inputs = inputs.SetItem(k, inputs[k] with { Tensor = difference });
            areVectors = areVectors.SetItem(k, difference != baseTensor);
        }

        return (inputs, areVectors);
    }

    private static ImmutableArray<SourceTensor> Rebind(
        ImmutableArray<SourceTensor> sources, Func<TensorReader, TensorReader> resolve)
    {
        var bound = ImmutableArray.CreateBuilder<SourceTensor>(sources.Length);
        foreach (SourceTensor source in sources)
            bound.Add(source with { Tensor = source.Tensor?.Rebind(resolve) });
        return bound.MoveToImmutable();
    }
}
