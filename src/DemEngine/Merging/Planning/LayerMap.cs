using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Layers;
using DemEngine.Errors;
using DemEngine.Merging.Inputs;
using DemEngine.Recipes;

namespace DemEngine.Merging.Planning;

/// <summary>
/// A model, or a part of one, divided into its layers and the tensors before and after them, as the tensors' names tell.
/// </summary>
internal sealed class LayerMap
{
    private readonly ILookup<NetworkPosition, NamedInput> _positions;
    private readonly ILookup<int, NamedInput> _layers;
    private readonly NetworkLayers _network;
    private readonly InputModel _model;

    /// <param name="model">The model to divide into layers.</param>
    public LayerMap(InputModel model)
    {
        _model = model;
        _network = new NetworkLayers(model.Tensors.Select(tensor => tensor.Name));
        _positions = model.Tensors.ToLookup(tensor => _network.PositionOf(tensor.Name));
        _layers = _positions[NetworkPosition.InLayer].ToLookup(tensor => _network.Of(tensor.Name).Layer);
        Stacks = [.. _network.Stacks];
        Count = Stacks.Select(_network.Count).DefaultIfEmpty().Max();
    }

    /// <summary>Names of the stacks of layers; slices can be cut only if there is exactly one.</summary>
    public ImmutableArray<string> Stacks { get; }

    /// <summary>Number of layers, without those for multi-token prediction.</summary>
    public int Count { get; }

    /// <summary>Number of layers for multi-token prediction that the one stack has behind its own.</summary>
    public int PredictionLayers => _positions[NetworkPosition.Prediction].Select(tensor => _network.Of(tensor.Name))
        .Where(place => place.Stack is not null).Select(place => place.Layer).Distinct().Count();

    /// <summary>Whether the layers lie in several lists, so that none of them can have another number.</summary>
    public bool IsThroughStages => Stacks.Any(_network.IsThroughStages);

    /// <summary>Tensors outside the layers.</summary>
    public IEnumerable<TensorSpec> Outside =>
        _positions.Where(position => position.Key != NetworkPosition.InLayer).SelectMany(position => position)
            .Where(tensor => _network.Of(tensor.Name).Stack is null)
            .Select(tensor => tensor.Spec with { Name = tensor.Name });

    /// <summary>Returns the shapes of a layer's tensors by their names within the layer.</summary>
    /// <param name="layer">Number of the layer.</param>
    public IReadOnlyDictionary<string, TensorShape> ShapesOf(int layer) => _layers[layer].ToDictionary(
        tensor => tensor.Name[Math.Min(tensor.Name.Length, _network.Of(tensor.Name).Module.Length + 1)..],
        tensor => tensor.Spec.Shape,
        StringComparer.Ordinal);

    /// <summary>Cuts out a range of layers and renumbers them. The model must have exactly one stack.</summary>
    /// <param name="layers">Range of layers to cut out.</param>
    /// <param name="number">Number of the first of these layers in the output.</param>
    /// <param name="withBefore">Whether the tensors before the layers are included.</param>
    /// <param name="withAfter">Whether the tensors after the layers are included.</param>
    /// <param name="depths">Receives the depth of each tensor within the range; null if it is not wanted.</param>
    /// <exception cref="DemException">
    /// DEM2028 (LayersDoNotFit): the layers lie in stages, and one of them would get another place.
    /// </exception>
    public InputModel Slice(LayerRange layers, int number, bool withBefore, bool withAfter, LayerDepth? depths = null)
    {
        if (IsThroughStages && number != layers.First)
            throw StagesDiffer();
        var tensors = ImmutableArray.CreateBuilder<NamedInput>();
        void Add(NamedInput tensor, NetworkPosition position, int layer)
        {
            tensors.Add(tensor);
            depths?.Add(tensor.Name, position, layer, layers.Count);
        }

        foreach (NamedInput tensor in withBefore ? _positions[NetworkPosition.Before] : [])
            Add(tensor, NetworkPosition.Before, 0);
        for (int k = 0; k < layers.Count; k++)
        {
            foreach (NamedInput tensor in _layers[layers.First + k])
                Add(tensor with { Name = Renumbered(tensor.Name, number + k) }, NetworkPosition.InLayer, k);
        }

        foreach (NamedInput tensor in withAfter ? _positions[NetworkPosition.Prediction] : [])
        {
            string name = Renumbered(tensor.Name, number + layers.Count + _network.Of(tensor.Name).Layer - Count);
            Add(tensor with { Name = name }, NetworkPosition.Prediction, 0);
        }

        foreach (NamedInput tensor in withAfter ? _positions[NetworkPosition.After] : [])
            Add(tensor, NetworkPosition.After, 0);
        return new InputModel(_model.Path, tensors.ToImmutable());
    }

    /// <summary>Creates the error for layers in stages that would get another place.</summary>
    public DemException StagesDiffer() => new(
        ErrorCode.LayersDoNotFit,
        $"{_model.Path}: the layers of {Quoted.Name(Stacks[0])} lie in stages that differ in their sizes (such as \"depths\" in "
        + "config.json), so that each layer can only be taken for its own place, and all of them are needed");

    private string Renumbered(string tensor, int layer) =>
        _network.Of(tensor) is { Stack: not null } place && !IsThroughStages ? place.Renumber(tensor, layer) : tensor;
}
