using System.Collections.Immutable;
using DemEngine.Checkpoints.Layers;
using DemEngine.Recipes.Values;

namespace DemEngine.Search.Space;

/// <summary>
/// The tensors of a model in groups of neighbouring layers, so that a coefficient can differ from one group to the next.
/// Embeddings belong to the first group, and the tensors after the layers to the last.
/// </summary>
public sealed class LayerGroups
{
    private readonly ImmutableArray<(string Filter, int Group)> _filters;

    /// <summary>Divides tensors into groups.</summary>
    /// <param name="tensors">Names of all tensors.</param>
    /// <param name="count">Number of groups, which are as equal in depth as possible.</param>
    /// <exception cref="DemException">DEM1001 (BadArgument): the model has too few layers.</exception>
    public LayerGroups(IEnumerable<string> tensors, int count)
    {
        string[] names = [.. tensors];
        var layers = new NetworkLayers(names);
        var depth = new LayerDepth(() => layers);
        (LayerPlace Place, string Filter, int Group)[] grouped =
        [
            .. from name in names
               let place = layers.Of(name)
               let filter = place.Stack is null ? name : place.Module + "."
               select (place, filter, Math.Min(count - 1, (int)((depth.Of(name) ?? 1) * count))),
        ];
        if (grouped.Select(tensor => tensor.Group).Distinct().Count() != count)
        {
            int there = layers.Stacks.Sum(layers.Count);
            throw new DemException(ErrorCode.BadArgument, $"the model's {there} layers cannot be cut into {count} groups");
        }

        // The first filter that is found in a name decides, so a filter that may occur within another comes after it. Tensors
        // that no filter finds belong to the last group, as do all tensors that follow the layers.
        _filters =
        [
            .. grouped
                .Where(tensor => tensor.Place.Stack is not null || depth.Of(tensor.Filter) is not null)
                .Select(tensor => (tensor.Filter, tensor.Group))
                .Distinct()
                .OrderByDescending(pair => pair.Filter.Length)
                .ThenBy(pair => pair.Filter, StringComparer.Ordinal),
        ];
        Names =
        [
            .. Enumerable.Range(0, count).Select(group =>
                Describe(group, [.. grouped.Where(tensor => tensor.Group == group).Select(tensor => tensor.Place)])),
        ];
    }

    /// <summary>Number of groups.</summary>
    public int Count => Names.Length;

    /// <summary>Names of the groups, such as <c>layers 0-3</c>.</summary>
    public ImmutableArray<string> Names { get; }

    /// <summary>Returns a value for each group in the form that recipes use.</summary>
    /// <param name="values">Values, one for each group or one for all.</param>
    public ParameterValue ValueOf(ImmutableArray<double> values)
    {
        if (values.Length == 1)
            return new NumberValue(values[0]);
        return new ConditionalValue(
        [
            .. _filters.Select(pair => new Condition(pair.Filter, new NumberValue(values[pair.Group]))),
            new Condition(null, new NumberValue(values[^1])),
        ]);
    }

    /// <summary>Index of the group that a tensor belongs to.</summary>
    public int Of(string tensor)
    {
        if (Count == 1)
            return 0;
        foreach (var (filter, group) in _filters)
        {
            if (tensor.Contains(filter, StringComparison.Ordinal))
                return group;
        }

        return Count - 1;
    }

    private static string Describe(int group, LayerPlace[] places)
    {
        string?[] stacks = [.. places.Select(place => place.Stack).Where(stack => stack is not null).Distinct()];
        int[] layers = [.. places.Where(place => place.Stack is not null).Select(place => place.Layer)];
        return stacks.Length == 1
            ? layers.Min() == layers.Max() ? $"layer {layers[0]}" : $"layers {layers.Min()}-{layers.Max()}"
            : $"group {group + 1}";
    }
}
