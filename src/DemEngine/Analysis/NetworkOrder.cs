using DemEngine.Checkpoints.Layers;

namespace DemEngine.Analysis;

/// <summary>
/// Groups tensors by their layer, or outside any layer by their module, and puts the groups in the order of the network:
/// embeddings, encoder, decoder, and last the output matrix. Within encoder and decoder the layers come by number and then what
/// follows them, such as a final norm. The order on disk is mostly that of the names, in which layer 10 comes before layer 2.
/// </summary>
internal sealed class NetworkOrder
{
    private readonly (string Stack, string Root)[] _stacks;

    /// <param name="tensors">Names of all tensors.</param>
    public NetworkOrder(IReadOnlyCollection<string> tensors)
    {
        _stacks =
        [
            .. tensors.Select(name => LayerName.Parse(name).Stack).OfType<string>().Distinct(StringComparer.Ordinal)
                .OrderBy(stack => !stack.Contains("encoder", StringComparison.Ordinal))
                .ThenBy(stack => stack, StringComparer.Ordinal)
                .Select(stack => (stack, stack[..(stack.LastIndexOf('.') + 1)])),
        ];
        Groups =
        [
            .. tensors.GroupBy(GroupOf, StringComparer.Ordinal)
                .OrderBy(group => Place(group.First())).ThenBy(group => group.Key, StringComparer.Ordinal)
                .Select(group => group.Key),
        ];
    }

    /// <summary>Names of the groups, in the order of the network.</summary>
    public IReadOnlyList<string> Groups { get; }

    /// <summary>Returns the group of a tensor, such as <c>encoder.block.3</c> or <c>model.norm</c>.</summary>
    public static string GroupOf(string tensor)
    {
        LayerName place = LayerName.Parse(tensor);
        if (place.Stack is not null)
            return $"{place.Stack}.{place.Layer}";
        int dot = tensor.LastIndexOf('.');
        return dot <= 0 ? tensor : tensor[..dot];
    }

    private (int Region, int Stack, int Part, int Layer) Place(string tensor)
    {
        LayerName place = LayerName.Parse(tensor);
        if (place.Stack is not null)
            return (1, Array.FindIndex(_stacks, one => one.Stack == place.Stack), 1, place.Layer);

        // `encoder.final_layer_norm` belongs to `encoder.block`. If several stacks qualify, the innermost one counts.
        int owner = -1;
        for (int k = 0; k < _stacks.Length; k++)
        {
            if (tensor.StartsWith(_stacks[k].Root, StringComparison.Ordinal)
                && (owner < 0 || _stacks[k].Root.Length > _stacks[owner].Root.Length))
                owner = k;
        }

        bool isFirst = LayerName.IsEmbedding(tensor) || GroupOf(tensor).Split('.')[^1] == "shared";
        return owner < 0 ? (isFirst ? 0 : 2, 0, 0, 0) : (1, owner, isFirst ? 0 : 2, 0);
    }
}
