using System.Collections.Immutable;
using DemEngine.Checkpoints.Layers;
using DemEngine.Merging.Inputs;
using DemEngine.Recipes;

namespace DemEngine.Merging.Planning;

/// <summary>
/// A model, or a part of one, divided into its layers and the tensors before and after them, as the tensors' names tell.
/// </summary>
internal sealed class LayerMap
{
    private readonly ImmutableArray<NamedInput> _before;
    private readonly ImmutableArray<NamedInput> _after;
    private readonly ILookup<int, NamedInput> _layers;
    private readonly InputModel _model;

    /// <param name="model">The model to divide into layers.</param>
    public LayerMap(InputModel model)
    {
        _model = model;
        Stacks =
        [
            .. model.Tensors.Select(tensor => LayerName.Parse(tensor.Name).Stack)
                .OfType<string>()
                .Distinct()
                .Order(StringComparer.Ordinal),
        ];
        NamedInput[] loose = [.. model.Tensors.Where(tensor => LayerName.Parse(tensor.Name).Stack is null)];
        _before = [.. loose.Where(tensor => LayerName.IsEmbedding(tensor.Name))];
        _after = [.. loose.Where(tensor => !LayerName.IsEmbedding(tensor.Name))];
        _layers = model.Tensors
            .Where(tensor => LayerName.Parse(tensor.Name).Stack is not null)
            .ToLookup(tensor => LayerName.Parse(tensor.Name).Layer);
        Count = _layers.Select(layer => layer.Key + 1).DefaultIfEmpty().Max();
    }

    /// <summary>Names of the stacks of layers; slices can be cut only if there is exactly one.</summary>
    public ImmutableArray<string> Stacks { get; }

    /// <summary>Number of layers.</summary>
    public int Count { get; }

    /// <summary>Cuts out a range of layers and renumbers them. The model must have exactly one stack.</summary>
    /// <param name="layers">Range of layers to cut out.</param>
    /// <param name="number">Number of the first of these layers in the output.</param>
    /// <param name="withBefore">Whether the tensors before the layers are included.</param>
    /// <param name="withAfter">Whether the tensors after the layers are included.</param>
    public InputModel Slice(LayerRange layers, int number, bool withBefore, bool withAfter) => new(
        _model.Path,
        [
            .. withBefore ? _before : [],
            .. Enumerable.Range(0, layers.Count).SelectMany(layer => _layers[layers.First + layer]
                .Select(tensor => tensor with { Name = LayerName.Renumber(tensor.Name, number + layer) })),
            .. withAfter ? _after : [],
        ]);
}
