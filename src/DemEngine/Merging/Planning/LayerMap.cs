using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Merging.Inputs;
using DemEngine.Recipes;

namespace DemEngine.Merging.Planning;

/// <summary>A model, or a part of one, as layers with something before and after them, told by the tensors' names.</summary>
internal sealed class LayerMap
{
    private readonly ImmutableArray<NamedInput> _before;
    private readonly ImmutableArray<NamedInput> _after;
    private readonly ILookup<int, NamedInput> _layers;
    private readonly InputModel _model;

    /// <param name="model">The tensors.</param>
    public LayerMap(InputModel model)
    {
        _model = model;
        Stacks = [.. model.Tensors.Select(tensor => LayerName.Parse(tensor.Name).Stack).OfType<string>().Distinct().Order(StringComparer.Ordinal)];
        NamedInput[] loose = [.. model.Tensors.Where(tensor => LayerName.Parse(tensor.Name).Stack is null)];
        _before = [.. loose.Where(tensor => LayerName.IsEmbedding(tensor.Name))];
        _after = [.. loose.Where(tensor => !LayerName.IsEmbedding(tensor.Name))];
        _layers = model.Tensors.Where(tensor => LayerName.Parse(tensor.Name).Stack is not null).ToLookup(tensor => LayerName.Parse(tensor.Name).Layer);
        Count = _layers.Select(layer => layer.Key + 1).DefaultIfEmpty().Max();
    }

    /// <summary>The stacks of layers that there are; slices can be cut where there is one.</summary>
    public ImmutableArray<string> Stacks { get; }

    /// <summary>Number of layers.</summary>
    public int Count { get; }

    /// <summary>Cuts layers out and numbers them anew. There is one stack.</summary>
    /// <param name="layers">Which layers.</param>
    /// <param name="number">What the first is called in the output.</param>
    /// <param name="withBefore">Whether what lies before the layers is taken too.</param>
    /// <param name="withAfter">Whether what lies after the layers is taken too.</param>
    public InputModel Slice(LayerRange layers, int number, bool withBefore, bool withAfter) => new(
        _model.Path,
        [
            .. withBefore ? _before : [],
            .. Enumerable.Range(0, layers.Count).SelectMany(layer => _layers[layers.First + layer]
                .Select(tensor => tensor with { Name = LayerName.Renumber(tensor.Name, number + layer) })),
            .. withAfter ? _after : [],
        ]);
}
